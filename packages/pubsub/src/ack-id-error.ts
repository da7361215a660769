/** Why the service refused one ack id of a request, as an exactly-once subscription reports it. */
export class AckIdError extends Error {
  /** `PERMANENT_FAILURE_INVALID_ACK_ID`, `TRANSIENT_FAILURE_UNORDERED_ACK_ID`, … */
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(`the ack id was refused: ${reason}`, { cause });
    this.name = "AckIdError";
    this.reason = reason;
  }
}
