import { createServer, type AddressInfo } from "node:net";
import { ServiceBusClient, ServiceBusError, type ServiceBusClientOptions } from "@azure/service-bus";
import { onTestFinished } from "vitest";
import { FaultPlan } from "../../src/faults/fault-plan.ts";
import { createAmqpFront, type AmqpFront } from "../../src/fronts/service-bus/amqp/amqp-front.ts";
import { ServiceBusNamespace } from "../../src/fronts/service-bus/engine/namespace.ts";
import { snapshotEntities, type EntitySnapshot } from "../../src/fronts/service-bus/entity-snapshot.ts";
import { checkTokenWith, NAMESPACE_KEY } from "../../src/fronts/service-bus/sas-token.ts";
import { CallLog } from "../../src/log/call-log.ts";
import { HandOutLog } from "../../src/log/hand-out-log.ts";
import { SeededRandom } from "../../src/random/seeded-random.ts";
import { VirtualClock } from "../../src/time/engine-clock.ts";
import { WireTime } from "../../src/time/wire-time.ts";

export interface RunningServiceBus {
  readonly namespace: ServiceBusNamespace;
  readonly clock: VirtualClock;
  readonly faults: FaultPlan;
  readonly log: CallLog;
  readonly front: AmqpFront;
  readonly port: number;
  readonly connectionString: string;
  /** Returns another client of the real SDK, which ends with the test. */
  connect(options?: ServiceBusClientOptions, connectionString?: string): ServiceBusClient;
  /** Returns the broker's state of an entity. */
  entity(path: string): EntitySnapshot;
}

/** Without retries, failures are reported directly. Only the tests of retries turn them on. */
const NO_RETRIES = { maxRetries: 0, timeoutInMs: 5000 };

/** A namespace on a port of its own, and clients of the real SDK. All end with the test. */
export async function runServiceBus(
  options: { readonly strictTokens?: boolean } = {},
): Promise<RunningServiceBus> {
  const clock = new VirtualClock("hybrid");
  const namespace = new ServiceBusNamespace({ clock, name: "anyqueue" });
  const faults = new FaultPlan(new SeededRandom(1));
  const log = new CallLog();
  const checkToken = options.strictTokens === true ? checkTokenWith(() => clock.realNow()) : () => undefined;
  const handOuts = new HandOutLog(clock, false);
  const wireTime = new WireTime(clock);
  const front = createAmqpFront({ namespace, clock, wireTime, faults, log, handOuts, checkToken });
  const server = createServer((socket) => {
    front.accept(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const clients: ServiceBusClient[] = [];
  onTestFinished(async () => {
    faults.clear();
    await Promise.all(clients.map((client) => client.close()));
    front.close();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    clock.stop();
  });
  const connectionString = `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=${NAMESPACE_KEY.name};SharedAccessKey=${NAMESPACE_KEY.key};UseDevelopmentEmulator=true`;
  return {
    namespace,
    clock,
    faults,
    log,
    front,
    port,
    connectionString,
    connect(clientOptions = {}, text = connectionString) {
      const client = new ServiceBusClient(text, { retryOptions: NO_RETRIES, ...clientOptions });
      clients.push(client);
      return client;
    },
    entity(path) {
      const found = snapshotEntities(namespace).find((entity) => entity.path === path);
      if (found === undefined) throw new Error(`The broker has no entity ${path}.`);
      return found;
    },
  };
}

/** How a call of the SDK failed. The SDK's errors have no common class. */
export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
  readonly retryable: boolean | undefined;
}

export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ServiceBusError) {
      return { code: error.code, message: error.message, retryable: error.retryable };
    }
    const { code, retryable, message } = error as Partial<Failure>;
    return { code, message: message ?? String(error), retryable };
  }
  throw new Error("The call was expected to fail.");
}
