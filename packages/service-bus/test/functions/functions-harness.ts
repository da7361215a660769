import type { CreatedQueue, FunctionHost, Harness } from "@anyqueue/conformance";
import type { ConsumerOptions, DrainReport, Handler, QueueClient, Source } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import type { ServiceBusClient } from "@azure/service-bus";
import { hostConsumers } from "../../../../tooling/conformance/hosted-client.ts";
import { functionsEvents } from "../../src/azure-functions.ts";
import { rawClient } from "../open-adapter.ts";
import { emulatorHarness } from "../service-bus-harness.ts";
import { hostOf, type Registration } from "./functions-bench.ts";
import type { FunctionsHost } from "./host/functions-host.ts";
import { requireExtension } from "./host/functions-worker.ts";
import { startSettlementServer } from "./host/settlement-server.ts";

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
      const platform: Platform = { ...options, sdk, onCall: () => (calls += 1) };
      return {
        ...backend,
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
  readonly onCall: () => void;
}

/** The client, with consumers that are functions; what is read by hand is read as ever. */
function hosting(client: QueueClient, host: FunctionHost, platform: Platform): QueueClient {
  return hostConsumers(
    client,
    host.queues,
    (definition, options, queue) => new HostedFunction(definition, options, queue, host, platform),
  );
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
    const { sdk, kind, binding, cardinality, onCall } = this.#platform;
    const { entity: queueName } = this.#queue;
    const source = functionsEvents({ lockDuration: LOCK });
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
