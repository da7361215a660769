import { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import { onTestFinished } from "vitest";
import type { EmulatorOptions } from "../../src/emulator-options.ts";
import { startEmulator, type Emulator } from "../../src/emulator.ts";
import { usePlainHttp } from "../../src/fronts/service-bus/use-plain-http.ts";

export interface RunningAdministration {
  readonly emulator: Emulator;
  readonly connectionString: string;
  readonly admin: ServiceBusAdministrationClient;
  /** Returns a data client that is closed after the test. */
  connect(): ServiceBusClient;
}

/** The two ways in which the unmodified client can reach the emulator. */
export const TRANSPORTS = ["plain HTTP", "TLS"] as const;

/** An emulator with the real administration client. Both end with the test. */
export async function runAdministration(
  transport: (typeof TRANSPORTS)[number] = "plain HTTP",
  options: EmulatorOptions = {},
): Promise<RunningAdministration> {
  const emulator = await startEmulator({ serviceBusPort: 0, ...options });
  const connectionString = emulator.environment["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? "";
  const clients: ServiceBusClient[] = [];
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await emulator.close();
  });
  const ca = emulator.serviceBus.certificateAuthority();
  return {
    emulator,
    connectionString,
    admin: administrationClient(connectionString, transport === "TLS" ? ca : undefined),
    connect() {
      const retryOptions = { maxRetries: 0, timeoutInMs: 5000 };
      const client = new ServiceBusClient(connectionString, { retryOptions });
      clients.push(client);
      return client;
    },
  };
}

/** Uses TLS if `ca` is given, otherwise plain HTTP. */
export function administrationClient(connectionString: string, ca?: string): ServiceBusAdministrationClient {
  const retryOptions = { maxRetries: 0 };
  return ca === undefined
    ? usePlainHttp(new ServiceBusAdministrationClient(connectionString, { retryOptions }))
    : new ServiceBusAdministrationClient(connectionString, { retryOptions, tlsOptions: { ca } });
}

/** Code and status of the error with which a call of the administration client fails. */
export async function refusalOf(call: Promise<unknown>): Promise<{
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly message: string;
}> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "RestError") throw error;
    const code = "code" in error ? String(error.code) : undefined;
    const status = "statusCode" in error ? Number(error.statusCode) : undefined;
    return { code, status, message: error.message };
  }
  throw new Error("The call succeeded.");
}

/** Returns all items of a paged list. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
