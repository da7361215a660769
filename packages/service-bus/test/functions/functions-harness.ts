import type { BackendTime, CreatedQueue, FunctionHost, Harness } from "@anyqueue/conformance";
import type {
  ConsumerOptions,
  DrainReport,
  Handler,
  QueueClient,
  QueueConsumer,
  Source,
} from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import type { ServiceBusClient } from "@azure/service-bus";
import { functionsEvents } from "../../src/azure-functions.ts";
import { rawClient } from "../open-adapter.ts";
import { emulatorHarness } from "../service-bus-harness.ts";
import { hostOf, type Registration } from "./functions-bench.ts";
import type { FunctionsHost } from "./host/functions-host.ts";
import { requireExtension } from "./host/functions-worker.ts";
import { startSettlementServer } from "./host/settlement-server.ts";
import { WorkUnderWay } from "./work-under-way.ts";

export interface FunctionsHarness extends Harness {
  /** Calls of functions since the last call of this: a case without any proves nothing here. */
  takeCalls(): number;
}

export interface FunctionsHarnessOptions {
  readonly kind: "queue" | "session";
  readonly binding: "binary" | "sdk";
  readonly cardinality: "one" | "many";
}

const LOCK = "5s";
const LOCK_MS = 5_000;
/** `maxConcurrentCalls` of the host. */
const MAX_CALLS = 8;

/** The emulator's queues, with handlers that run as functions of Azure Functions. */
export function functionsHarness(options: FunctionsHarnessOptions): FunctionsHarness {
  const { kind, binding, cardinality } = options;
  const base = emulatorHarness(kind);
  let calls = 0;
  return {
    takeCalls: () => {
      const taken = calls;
      calls = 0;
      return taken;
    },
    name: `azure-functions-${binding}-${cardinality}-${kind}`,
    async open() {
      const backend = await base.open();
      const endpoint = new URL(backend.url).searchParams.get("endpoint") ?? "";
      const sdk = rawClient(endpoint);
      const server = await startSettlementServer();
      requireExtension();
      const work = new WorkUnderWay();
      const platform: Platform = { ...options, sdk, work, onCall: () => (calls += 1) };
      return {
        ...backend,
        time: unhurried(backend.time, work),
        hostFunctions: (client, host) => hosting(client, host, platform),
        close: async () => {
          await sdk.close();
          server.close();
          await backend.close();
        },
      };
    },
  };
}

interface Platform extends FunctionsHarnessOptions {
  readonly sdk: ServiceBusClient;
  readonly work: WorkUnderWay;
  readonly onCall: () => void;
}

function unhurried(time: BackendTime, work: WorkUnderWay): BackendTime {
  if (time.kind !== "remote") return time;
  return {
    ...time,
    advance: async (ms) => {
      await work.untilDone();
      return await time.advance(ms);
    },
  };
}

/** The client, with consumers that are functions; what is read by hand is read as ever. */
function hosting(client: QueueClient, host: FunctionHost, platform: Platform): QueueClient {
  const functions: HostedFunction[] = [];
  const consumer = (definition: Source, options: ConsumerOptions = {}): QueueConsumer<never> => {
    const own = client.consumer(definition, options);
    const queue = host.queues.get(definition.name);
    if (definition.kind !== "queue" || queue === undefined) return own as QueueConsumer<never>;
    const hosted = new HostedFunction(definition, options, queue, host, platform);
    functions.push(hosted);
    return override(own, {
      run: (handler: Handler<unknown>) => hosted.run(handler),
      close: () => hosted.close(),
    }) as QueueConsumer<never>;
  };
  const close: QueueClient["close"] = async (options) => {
    await Promise.all(functions.map(async (hosted) => await hosted.close()));
    return await client.close(options);
  };
  return override<QueueClient>(client, { consumer, close });
}

function override<Base extends object>(base: Base, members: Readonly<Record<string, unknown>>): Base {
  return new Proxy(base, {
    get: (target, name) => {
      const own: unknown = typeof name === "string" ? members[name] : undefined;
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const NOTHING: DrainReport = { handled: 0, released: 0, abandoned: 0 };

/** One function and its host, which runs until it is closed. */
class HostedFunction {
  readonly #definition: Source;
  readonly #options: ConsumerOptions;
  readonly #queue: CreatedQueue;
  readonly #host: FunctionHost;
  readonly #platform: Platform;
  #running: { readonly host: FunctionsHost; readonly ended: Promise<void> } | undefined;

  constructor(
    definition: Source,
    options: ConsumerOptions,
    queue: CreatedQueue,
    host: FunctionHost,
    platform: Platform,
  ) {
    this.#definition = definition;
    this.#options = options;
    this.#queue = queue;
    this.#host = host;
    this.#platform = platform;
  }

  async run(handler: Handler<unknown>): Promise<DrainReport> {
    const host = this.#deploy(handler);
    const ended = host.run();
    this.#running = { host, ended };
    await ended;
    return NOTHING;
  }

  async close(): Promise<DrainReport> {
    this.#running?.host.stop();
    await this.#running?.ended;
    return NOTHING;
  }

  #deploy(handler: Handler<unknown>): FunctionsHost {
    const { prefetch: _, ...options } = this.#options;
    const { clock, listener, middleware } = this.#host;
    const { sdk, work, kind, binding, cardinality, onCall } = this.#platform;
    const { entity: queueName } = this.#queue;
    const source = work.watch(functionsEvents({ lockDuration: LOCK }));
    const given = { ...options, clock, listener, middleware };
    const registration: Registration = {
      queueName,
      cardinality,
      binding,
      isSessionsEnabled: kind === "session",
    };
    return hostOf(createHandler(this.#definition, source, handler, given), registration, {
      client: sdk,
      // What the host brings beyond what the function runs at once would wait, with its lock.
      concurrency: Math.min(options.concurrency ?? MAX_CALLS, MAX_CALLS),
      renewal: { clock, everyMs: LOCK_MS / 4 },
      onCall,
    });
  }
}
