import { EngineError, type EngineCondition } from "../engine/engine-error.ts";

/** A refusal in the format of the administration API. */
export class AtomError extends Error {
  override readonly name = "AtomError";
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** Error for a malformed request. */
export function badRequest(detail: string): AtomError {
  return new AtomError(400, `SubCode=40000. ${detail}`);
}

export function entityNotFound(path: string): AtomError {
  return new AtomError(404, `The messaging entity '${path}' could not be found.`);
}

// Sub-codes as in https://learn.microsoft.com/azure/service-bus-messaging/service-bus-resource-manager-exceptions (2026-11-29)
const STATUS: Readonly<Partial<Record<EngineCondition, readonly [status: number, prefix: string]>>> = {
  "amqp:not-found": [404, ""],
  "amqp:not-allowed": [400, "SubCode=40000. "],
  "amqp:resource-limit-exceeded": [403, "SubCode=40300. "],
  "com.microsoft:argument-error": [400, "SubCode=40000. "],
  "com.microsoft:argument-out-of-range": [400, "SubCode=40000. "],
  "com.microsoft:entity-already-exists": [409, "SubCode=40900. Conflict. "],
  "com.microsoft:entity-disabled": [403, "SubCode=40301. "],
};

/** Any error but a refusal of this API or the engine is a bug of the emulator. The answer says so. */
export function toAtomError(error: unknown): AtomError {
  if (error instanceof AtomError) return error;
  if (error instanceof EngineError) {
    const [status, prefix] = STATUS[error.condition] ?? [500, ""];
    return new AtomError(status, `${prefix}${error.message}`);
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AtomError(500, `The emulator failed: ${what}`);
}
