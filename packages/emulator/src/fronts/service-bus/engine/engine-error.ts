/** AMQP conditions with which the engine refuses. Each SDK's error table says what clients make of them. */
export type EngineCondition =
  | "amqp:not-found"
  | "amqp:not-allowed"
  | "amqp:resource-deleted"
  | "amqp:resource-limit-exceeded"
  | "amqp:link:message-size-exceeded"
  | "amqp:link:detach-forced"
  | "com.microsoft:argument-error"
  | "com.microsoft:argument-out-of-range"
  | "com.microsoft:entity-already-exists"
  | "com.microsoft:entity-disabled"
  | "com.microsoft:message-lock-lost"
  | "com.microsoft:message-not-found"
  | "com.microsoft:session-cannot-be-locked"
  | "com.microsoft:session-lock-lost"
  | "com.microsoft:timeout";

/** A refusal by the engine. The edges add tracking ids and translate the condition to their protocol. */
export class EngineError extends Error {
  readonly condition: EngineCondition;

  constructor(condition: EngineCondition, message: string) {
    super(message);
    this.name = "EngineError";
    this.condition = condition;
  }
}
