import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createClient, defineQueue, isQueueError, type QueueClient } from "@anyqueue/core";
import { ServiceBusClient } from "@azure/service-bus";
import { serviceBus, type ServiceBusOptions } from "../src/index.ts";

/**
 * A program that sends and receives with a `TokenCredential`, which the SDK allows only over TLS, and prints
 * the outcome. Arguments: what the credential does, host and port. A separate process, because only at its
 * start can it be told whom to trust.
 */
const [, , kind = "", endpoint = ""] = process.argv;

type Credential = NonNullable<ServiceBusOptions["credential"]>;

const CREDENTIALS: Readonly<Record<string, Credential["getToken"]>> = {
  good: async () => await Promise.resolve(token("a-token")),
  "asks a server": async () => token(await tokenOfServer()),
  "asks a server for a client of one's own": async () => token(await tokenOfServer()),
  hangs: async () => await new Promise(() => {}),
  "finds nothing": async () => await Promise.resolve(null),
  fails: async () => await Promise.reject(new Error("no identity is assigned to this machine")),
};

function token(of: string): { token: string; expiresOnTimestamp: number } {
  return { token: of, expiresOnTimestamp: Date.now() + 3_600_000 };
}

const server = createServer((_request, response) => response.end("a-token")).listen(0, "127.0.0.1");

/** Asks over a separate connection, which ends with the answer. */
async function tokenOfServer(): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ host: "127.0.0.1", port, agent: false }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  const found = await text(answer);
  await once(asked, "close");
  return found;
}

const orders = defineQueue<string>("orders", { deadLetter: "none" });

/** Returns the outcome of the call, and how long it took. */
async function ended(call: () => Promise<unknown>): Promise<object> {
  const startedAt = performance.now();
  const outcome = await call().catch((error: unknown) =>
    isQueueError(error) ? { code: error.code, message: error.message } : String(error),
  );
  return { outcome, ms: performance.now() - startedAt };
}

async function roundTrip(client: QueueClient): Promise<string | undefined> {
  await client.producer(orders).send("one");
  const [message] = await client.consumer(orders).receive({ wait: "20s" });
  await message?.ack();
  return message?.body;
}

function connect(): QueueClient {
  const getToken = CREDENTIALS[kind];
  if (getToken === undefined) throw new Error(`no such credential: ${kind}`);
  if (kind.endsWith("of one's own")) {
    const options = { customEndpointAddress: `https://${endpoint}/`, retryOptions: { maxRetries: 0 } };
    const client = new ServiceBusClient("shop.invalid", { getToken }, options);
    return createClient("service-bus:", [serviceBus({ client })]);
  }
  return createClient(`service-bus://shop.invalid?endpoint=amqps://${endpoint}`, [
    serviceBus({ credential: { getToken } }),
  ]);
}

const calls: readonly ((client: QueueClient) => Promise<unknown>)[] =
  kind === "good" || kind.startsWith("asks")
    ? [roundTrip]
    : [
        async (client) => await client.producer(orders).send("one"),
        async (client) => await client.consumer(orders).run(() => {}),
        async (client) => await client.admin.inspect(orders),
      ];
// Loaded before the measurement: how long loading the SDK takes depends on the machine.
await import("@azure/service-bus");
const seen = await Promise.all(
  calls.map(async (call) => {
    const client = connect();
    const outcome = await ended(async () => await call(client));
    await client.close();
    return outcome;
  }),
);
server.close();
process.stdout.write(JSON.stringify(seen));
// A client that was passed in is left open.
process.exitCode = 0;
if (kind.endsWith("of one's own")) setImmediate(() => process.exit());
