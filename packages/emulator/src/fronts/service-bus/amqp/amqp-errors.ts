import { EngineError } from "../engine/engine-error.ts";
import { trackingTail } from "../tracking-tail.ts";
import { AmqpDecodeError } from "./transport/amqp-decoder.ts";
import type { AmqpError } from "./transport/performatives.ts";

/** A refusal by the AMQP edge, in the format of an engine error. */
export class AmqpRefusal extends Error {
  override readonly name = "AmqpRefusal";
  readonly condition: string;

  constructor(condition: string, description: string) {
    super(description);
    this.condition = condition;
  }
}

/** Converts any failure to what a client sees. `nowMs` is the clients' time. */
export function toAmqpError(error: unknown, entity: string, nowMs: number): AmqpError {
  const { condition, text } = describe(error);
  return { condition, description: `${text}${trackingTail(entity, nowMs)}` };
}

/** Any other error is a bug of the emulator. The answer says so. */
function describe(error: unknown): { readonly condition: string; readonly text: string } {
  if (error instanceof EngineError || error instanceof AmqpRefusal) {
    return { condition: error.condition, text: error.message };
  }
  if (error instanceof AmqpDecodeError) return { condition: "amqp:decode-error", text: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { condition: "amqp:internal-error", text: `The emulator failed: ${text}` };
}

export function throttled(namespace: string): AmqpRefusal {
  return new AmqpRefusal(
    "com.microsoft:server-busy",
    `The request was terminated because the namespace ${namespace} is being throttled. Error code : 50009. Please wait 2 seconds and try again.`,
  );
}

export function unauthorized(description?: string): AmqpRefusal {
  return new AmqpRefusal(
    "amqp:unauthorized-access",
    description ?? "Unauthorized access. The claims of the token do not permit this operation.",
  );
}

export function idleLink(link: string): AmqpRefusal {
  return new AmqpRefusal(
    "amqp:link:detach-forced",
    `The link '${link}' is force detached by the broker due to errors occurred in consumer(link). Detach origin: InnerMessageReceiver was closed. Idle timeout: 00:10:00`,
  );
}

export function idleConnection(): AmqpRefusal {
  return new AmqpRefusal(
    "amqp:connection:forced",
    "The connection was inactive for more than the allowed 300000 milliseconds and is closed by container 'LinkTracker'.",
  );
}

export function notImplemented(what: string): AmqpRefusal {
  return new AmqpRefusal("amqp:not-implemented", `${what} is not implemented.`);
}

// Status that `$management` sends along with a condition. Clients prefer the condition.
const STATUS_OF: Readonly<Record<string, number>> = {
  "amqp:not-found": 404,
  "amqp:unauthorized-access": 401,
  "amqp:not-allowed": 400,
  "amqp:not-implemented": 501,
  "amqp:decode-error": 400,
  "amqp:internal-error": 500,
  "amqp:resource-limit-exceeded": 403,
  "amqp:link:message-size-exceeded": 403,
  "com.microsoft:argument-error": 400,
  "com.microsoft:argument-out-of-range": 400,
  "com.microsoft:entity-already-exists": 409,
  "com.microsoft:entity-disabled": 403,
  "com.microsoft:message-lock-lost": 410,
  "com.microsoft:message-not-found": 404,
  "com.microsoft:session-cannot-be-locked": 409,
  "com.microsoft:session-lock-lost": 410,
  "com.microsoft:server-busy": 503,
  "com.microsoft:timeout": 408,
};

export function statusOf(condition: string): number {
  return STATUS_OF[condition] ?? 500;
}
