import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createClient, defineQueue, isQueueError, type QueueError } from "@anyqueue/core";
import { afterEach, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { rejection } from "./open-adapter.ts";
import { connectionString } from "./service-bus-harness.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A port on which something answers that is no Service Bus. */
async function strange(): Promise<string> {
  return await accepting((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"));
}

/** A port on which connections are taken and hung up, as a sidecar does that cannot reach the service. */
async function hangingUp(): Promise<string> {
  return await accepting((socket) => socket.end());
}

/** The same, after the first bytes of the protocol. */
async function hangingUpLater(): Promise<string> {
  return await accepting((socket) => socket.end(Buffer.from("AMQP\u0003\u0001\u0000\u0000", "latin1")));
}

async function accepting(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    answer(socket);
  });
  servers.push(server);
  return await listening(server);
}

/** A port on which nothing listens. */
async function vacant(): Promise<string> {
  const server = createServer();
  const endpoint = await listening(server);
  server.close();
  await once(server, "close");
  return endpoint;
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `verify` opens both sides at once: they share a connection, and each must learn why it failed. */
async function verified(endpoint: string): Promise<QueueError> {
  // The name in a connection string must be the URL's.
  const text = connectionString("emulator.servicebus.windows.net").replace("UseDevelopmentEmulator=true", "");
  const options = endpoint.startsWith("amqps:") ? { connectionString: text } : {};
  const client = createClient(`service-bus://emulator?endpoint=${endpoint}`, [serviceBus(options)]);
  const error = await rejection(client.verify(defineQueue("orders")));
  await client.close();
  if (!isQueueError(error)) throw error;
  return error;
}

test("a port on which nothing listens is named", async () => {
  const endpoint = await vacant();
  const error = await verified(endpoint);
  expect(error).toMatchObject({ code: "CONNECTION_LOST", target: "service-bus://emulator/orders" });
  expect(error.message).toContain(`connect ECONNREFUSED ${endpoint}`);
});

test("a certificate that is not accepted is UNAUTHENTICATED, with its own remedy", async () => {
  // By name: Node 26 refuses the SDK's connection over TLS to an IP address.
  const error = await verified(`amqps://${shared.endpoint.replace("127.0.0.1", "localhost")}`);
  expect(error).toMatchObject({ code: "UNAUTHENTICATED", target: "service-bus://emulator/orders" });
  expect(error.remedy).toContain("NODE_EXTRA_CA_CERTS");
});

test("a server that is no Service Bus is CONNECTION_LOST, and the error says what it sent", async () => {
  const error = await verified(await strange());
  expect(error).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
  expect(error.message).toContain("no AMQP frame (service-bus://emulator/orders)");
});

test("a connection that is hung up before it opens is CONNECTION_LOST", async () => {
  const error = await verified(await hangingUp());
  expect(error).toMatchObject({ code: "CONNECTION_LOST", target: "service-bus://emulator/orders" });
});

test.each([
  ["at once", hangingUp],
  ["after the first bytes", hangingUpLater],
])("sends that are hung up on %s are tried again, and leave nothing in doubt", async (_when, server) => {
  const endpoint = await server();
  const retries: QueueError[] = [];
  const client = createClient(`service-bus://emulator?endpoint=${endpoint}`, [serviceBus()], {
    send: { timeout: "1s" },
    listener: { "send-retry": ({ error }) => retries.push(error) },
  });
  const producer = client.producer(defineQueue("orders"));
  // The second send finds a client whose connection has died once.
  for (const body of [1, 2]) {
    const error = await rejection(producer.send(body));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
  }
  expect(retries.length).toBeGreaterThan(2);
  await client.close();
});

test("a consumer outlasts hang-ups", async () => {
  const endpoint = await hangingUp();
  const failures: QueueError[] = [];
  const twice = Promise.withResolvers<void>();
  const client = createClient(`service-bus://emulator?endpoint=${endpoint}`, [serviceBus()], {
    listener: {
      "receive-error": ({ error }) => {
        if (failures.push(error) === 2) twice.resolve();
      },
    },
  });
  const run = client.consumer(defineQueue("orders")).run(() => {});
  await Promise.race([twice.promise, run]);
  expect(failures.map(({ code }) => code)).toEqual(["CONNECTION_LOST", "CONNECTION_LOST"]);
  await client.close();
  await run;
});

test("a gateway that answers a WebSocket with a status of its own is CONNECTION_LOST", async () => {
  const endpoint = await strange();
  // Without TLS, which would need a process of its own.
  const webSocket = class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url.replace("wss:", "ws:"), protocols);
    }
  };
  const text = connectionString(endpoint).replace("UseDevelopmentEmulator=true", "");
  const clientOptions = { webSocketOptions: { webSocket } };
  const provider = serviceBus({ connectionString: text, clientOptions });
  const client = createClient("service-bus:", [provider], { send: { timeout: "1s" } });
  const error = await rejection(client.producer(defineQueue("orders")).send("hello"));
  expect(error).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
  await client.close();
});
