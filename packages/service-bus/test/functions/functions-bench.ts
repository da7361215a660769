import { createClient, type EventListener, type QueueClient } from "@anyqueue/core";
import { startEmulator, type Emulator, type EntitySnapshot } from "@anyqueue/emulator";
import type { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import type { app as types } from "@azure/functions";
import { afterAll, afterEach, beforeAll } from "vitest";
import { serviceBus, serviceBusCalls, type ServiceBusCalls } from "../../src/index.ts";
import { rawAdministration, rawClient } from "../open-adapter.ts";
import { connectionString } from "../service-bus-harness.ts";
import { functionApp, requireExtension, type LibraryVersion } from "./host/functions-worker.ts";
import { FunctionsHost, type HostCall, type HostOptions } from "./host/functions-host.ts";
import { startSettlementServer } from "./host/settlement-server.ts";

type Handler = Parameters<typeof types.serviceBusQueue>[1]["handler"];

/** How a function is registered. */
export interface Registration {
  readonly queueName: string;
  readonly cardinality?: "one" | "many";
  readonly isSessionsEnabled?: boolean;
  readonly binding?: "text" | "binary" | "sdk";
}

/** An emulator with a Functions host, for the tests of one file. */
export interface FunctionsBench {
  readonly emulator: Emulator;
  readonly url: string;
  readonly admin: ServiceBusAdministrationClient;
  readonly sdk: ServiceBusClient;
  client(listener?: EventListener): QueueClient;
  calls(deadLetterQueue: string): ServiceBusCalls;
  entity(path: string): EntitySnapshot;
  /** Runs the host with this handler until a condition holds. */
  host(
    handler: Handler,
    registration: Registration,
    until: () => boolean,
    options?: Partial<HostOptions>,
  ): Promise<readonly HostCall[]>;
}

const REAL_BEAT_MS = 5;

export function functionsBench(): () => FunctionsBench {
  let emulator: Emulator | undefined;
  let sdk: ServiceBusClient | undefined;
  let server: { close(): void } | undefined;
  const clients: QueueClient[] = [];
  beforeAll(async () => {
    emulator = await startEmulator({ serviceBusPort: 0 });
    sdk = rawClient(emulator.endpoints.serviceBus ?? "");
    server = await startSettlementServer();
    requireExtension();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => {
    await sdk?.close();
    server?.close();
    await emulator?.close();
  });
  return () => {
    if (emulator === undefined || sdk === undefined) throw new Error("the emulator is not running yet");
    return benchOf(emulator, sdk, clients);
  };
}

function benchOf(emulator: Emulator, sdk: ServiceBusClient, clients: QueueClient[]): FunctionsBench {
  const endpoint = emulator.endpoints.serviceBus ?? "";
  const url = `service-bus://emulator?endpoint=${endpoint}`;
  return {
    emulator,
    url,
    sdk,
    admin: rawAdministration(endpoint),
    client: (listener = {}) => {
      const client = createClient(url, [serviceBus()], { listener });
      clients.push(client);
      return client;
    },
    calls: (deadLetterQueue) =>
      serviceBusCalls({ connectionString: connectionString(endpoint), endpoint, deadLetterQueue }),
    entity: (path) => {
      const found = emulator.serviceBus.entities().find((each) => each.path === path);
      if (found === undefined) throw new Error(`there is no ${path}`);
      return found;
    },
    host: async (handler, registration, until, options = {}) => {
      const host = hostOf(handler, registration, { client: sdk, ...options });
      const running = host.run();
      while (!until()) await new Promise((resolve) => setTimeout(resolve, REAL_BEAT_MS));
      host.stop();
      await running;
      return host.calls;
    },
  };
}

let functions = 0;

/** Registers through the real library, as an app does when it is loaded. */
export function hostOf(
  handler: Handler,
  { binding = "binary", ...trigger }: Registration,
  options: Omit<HostOptions, "library" | "functionName"> & { readonly library?: LibraryVersion },
): FunctionsHost {
  functions += 1;
  const functionName = `function-${functions}`;
  // The extension's preview does not know a later version.
  const library = options.library ?? (binding === "sdk" ? "@azure/functions-4-15" : "@azure/functions");
  const more =
    binding === "sdk"
      ? { sdkBinding: true, autoCompleteMessages: false }
      : { dataType: binding === "binary" ? binding : "string" };
  functionApp(library).serviceBusQueue(functionName, {
    connection: "SERVICE_BUS",
    ...trigger,
    ...more,
    handler,
  });
  return new FunctionsHost({ ...options, library, functionName });
}
