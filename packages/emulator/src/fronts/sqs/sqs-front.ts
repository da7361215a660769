import { randomUUID } from "node:crypto";
import type { HttpExchange } from "../../http/http-exchange.ts";
import { startHttpListener } from "../../http/http-listener.ts";
import { reachableAuthority, type Front, type FrontContext } from "../front.ts";
import { SqsEngine } from "./engine/sqs-engine.ts";
import type { EventSourceMapping } from "./mappings/event-source-mapping.ts";
import type { EventSourceMappingOptions } from "./mappings/mapping-options.ts";
import { MappingRegistry } from "./mappings/mapping-registry.ts";
import type { OperationOutput } from "./operations/operation.ts";
import { jsonWire } from "./protocol/json-wire.ts";
import { queryWire } from "./protocol/query-wire.ts";
import { RunningCall, type SqsFrontParts } from "./running-call.ts";
import { snapshotQueue, type QueueSnapshot } from "./queue-snapshot.ts";
import { DEFAULT_REGION, type SqsCall } from "./sqs-call.ts";
import { SqsError, sqsError } from "./sqs-errors.ts";

/** The running SQS server. */
export interface SqsFront extends Front {
  readonly endpoint: string;
  /** Returns every queue with its current messages. */
  queues(): readonly QueueSnapshot[];
  /** Makes a queue call a function. @throws INVALID_OPTION */
  addMapping(options: EventSourceMappingOptions): Promise<EventSourceMapping>;
  mappings(): readonly EventSourceMapping[];
}

/** Listens on `port`; 0 picks a free one. */
export async function startSqsFront(context: FrontContext, port: number): Promise<SqsFront> {
  const { clock, host } = context;
  const engine = new SqsEngine({ clock, defer: setImmediate });
  const requests = new SqsRequests({ ...context, engine });
  const listener = await startHttpListener(host, port, async (exchange) => {
    if (!(await context.control(exchange))) await requests.handle(exchange);
  });
  const endpoint = `http://${reachableAuthority(host, listener.port)}`;
  const mappings = new MappingRegistry(engine, context);
  return {
    endpoint,
    environment: environmentFor(endpoint),
    queues: () => engine.queues().map(snapshotQueue),
    addMapping: (options) => mappings.add(options),
    mappings: () => mappings.list(),
    reset: () => {
      // Nobody has to wait for this: the queues are gone, so closing the mappings has no effect on messages.
      void mappings.closeAll();
      engine.reset();
    },
    async close() {
      await mappings.closeAll();
      await listener.close();
      engine.reset();
    },
  };
}

/** The emulator accepts any credentials, but the SDKs require some. */
function environmentFor(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_SQS: endpoint,
    AWS_REGION: DEFAULT_REGION,
    AWS_DEFAULT_REGION: DEFAULT_REGION,
    AWS_ACCESS_KEY_ID: "anyqueue",
    AWS_SECRET_ACCESS_KEY: "anyqueue",
  };
}

/** All steps between an HTTP request and the engine: decoding, faults, the operation, encoding, the log. */
class SqsRequests {
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

/** Any other error is a bug of the emulator. The answer says so. */
function toSqsError(error: unknown): SqsError {
  if (error instanceof SqsError) return error;
  return sqsError(
    "InternalFailure",
    `The emulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
}
