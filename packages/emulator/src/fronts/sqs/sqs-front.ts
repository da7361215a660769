import { randomUUID } from "node:crypto";
import type { HttpExchange } from "../../http/http-exchange.ts";
import type { OperationOutput } from "./operations/operation.ts";
import { jsonWire } from "./protocol/json-wire.ts";
import { queryWire } from "./protocol/query-wire.ts";
import { RunningCall, type SqsFrontParts } from "./running-call.ts";
import type { SqsCall } from "./sqs-call.ts";
import { SqsError, sqsError } from "./sqs-errors.ts";

/** Everything between an HTTP request and the engine: decoding, faults, the operation, encoding, the log. */
export class SqsFront {
  readonly #parts: SqsFrontParts;

  constructor(parts: SqsFrontParts) {
    this.#parts = parts;
  }

  async handle(exchange: HttpExchange): Promise<void> {
    const wire = exchange.headers["x-amz-target"] === undefined ? queryWire : jsonWire;
    const requestId = randomUUID();
    const baseUrl = `http://${exchange.headers.host ?? "localhost"}`;
    let call: SqsCall;
    try {
      call = wire.decode(exchange, baseUrl);
    } catch (error) {
      exchange.answer(wire.encodeError(toSqsError(error), requestId));
      return;
    }
    await run(new RunningCall({ exchange, wire, call, requestId, baseUrl }, this.#parts));
  }
}

async function run(call: RunningCall): Promise<void> {
  const before = await call.runFaults("before");
  if (before !== undefined) return await call.interrupt(before);
  call.expireNamedLeases();
  let output: OperationOutput;
  try {
    output = await call.operate();
  } catch (error) {
    return await call.refuse(toSqsError(error));
  }
  const after = await call.runFaults("after");
  if (after !== undefined) return await call.interrupt(after);
  return await call.answer(output);
}

/** What is not an answer of the service is a bug of the emulator, and says so on the wire. */
function toSqsError(error: unknown): SqsError {
  if (error instanceof SqsError) return error;
  return sqsError(
    "InternalFailure",
    `The emulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
}
