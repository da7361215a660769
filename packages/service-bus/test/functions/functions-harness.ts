import {
  FunctionCalls,
  hostingFunctions,
  type BackendTime,
  type FunctionToHost,
  type Harness,
  type HostedFunction,
} from "@anyqueue/conformance";
import { createHandler } from "@anyqueue/serverless";
import type { ServiceBusClient } from "@azure/service-bus";
import { functionsEvents } from "../../src/azure-functions.ts";
import { rawClient } from "../open-adapter.ts";
import { emulatorHarness } from "../service-bus-harness.ts";
import { hostOf, type Registration } from "./functions-bench.ts";
import { requireExtension } from "./host/functions-worker.ts";
import { startSettlementServer } from "./host/settlement-server.ts";
import { WorkUnderWay } from "./work-under-way.ts";

export interface FunctionsHarness extends Harness {
  /** Calls of functions. */
  readonly calls: FunctionCalls;
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
  const calls = new FunctionCalls();
  return {
    calls,
    name: `azure-functions-${binding}-${cardinality}-${kind}`,
    async open() {
      const backend = await base.open();
      const endpoint = new URL(backend.url).searchParams.get("endpoint") ?? "";
      const sdk = rawClient(endpoint);
      const server = await startSettlementServer();
      requireExtension();
      const work = new WorkUnderWay();
      const platform: Platform = { ...options, sdk, work, calls };
      return {
        ...backend,
        time: unhurried(backend.time, work),
        hostFunctions: (client, host) =>
          hostingFunctions(client, host, (toHost) => functionOn(toHost, platform)),
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
  readonly calls: FunctionCalls;
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

/** One function and its host. */
function functionOn(
  { definition, handler, queue, options }: FunctionToHost,
  { sdk, work, kind, binding, cardinality, calls }: Platform,
): HostedFunction {
  const source = work.watch(functionsEvents({ lockDuration: LOCK }));
  const registration: Registration = {
    queueName: queue.entity,
    cardinality,
    binding,
    isSessionsEnabled: kind === "session",
  };
  const host = hostOf(createHandler(definition, source, handler, options), registration, {
    client: sdk,
    // The function runs no more than this at once: further messages would wait, with their locks.
    concurrency: Math.min(options.concurrency ?? MAX_CALLS, MAX_CALLS),
    renewal: { clock: options.clock, everyMs: LOCK_MS / 4 },
    onCall: () => calls.add(),
    watch: work.during,
  });
  let running: Promise<void> | undefined;
  return {
    run: async () => {
      running = host.run();
      await running;
    },
    close: async () => {
      host.stop();
      await running;
    },
  };
}
