import { EventEmitter } from "node:events";
import { startEmulator } from "@anyqueue/emulator";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, test } from "vitest";
import { guardLinkCloses } from "../src/guard-link-closes.ts";

const never = new AbortController().signal;

class FakeConnection {
  readonly closes: string[] = [];

  async createReceiver(name: string): Promise<{ close(): Promise<void> }> {
    return {
      close: async () => {
        this.closes.push(name);
        throw new Error("Unable to close the receiver due to operation timeout.");
      },
    };
  }
}

test("trap: a close that nobody answers rejects nothing, on this connection and on the one after it", async () => {
  const context = { connection: new FakeConnection() };
  expect(guardLinkCloses({ _connectionContext: context }, never, never)).toBe(true);
  const link = await context.connection.createReceiver("first");
  await expect(link.close()).resolves.toBeUndefined();
  const next = new FakeConnection();
  context.connection = next;
  const reopened = await context.connection.createReceiver("second");
  await expect(reopened.close()).resolves.toBeUndefined();
  expect([context.connection, next.closes]).toEqual([next, ["second"]]);
});

test("trap: the AMQP session below a link rejects nothing either", async () => {
  const connection = {
    createSession: async () => ({
      close: async () => await Promise.reject(new Error("Unable to close the amqp session")),
    }),
  };
  expect(guardLinkCloses({ _connectionContext: { connection } }, never, never)).toBe(true);
  const session = await connection.createSession();
  await expect(session.close()).resolves.toBeUndefined();
});

test("trap: a close that is under way when the connection dies is over, which rhea-promise forgets to say", async () => {
  const connection = Object.assign(new EventEmitter(), {
    createSender: async () => ({ close: async () => await new Promise(() => {}) }),
  });
  // As by two adapters that share the connection.
  for (let count = 0; count < 2; count += 1)
    expect(guardLinkCloses({ _connectionContext: { connection } }, never, never)).toBe(true);
  expect(connection.listenerCount("disconnected")).toBe(1);
  const closed = (await connection.createSender()).close();
  connection.emit("disconnected", {});
  await expect(closed).resolves.toBeUndefined();
});

test("trap: a session's close waits no longer than its connection lives, a link's takes its own options", async () => {
  const given: unknown[] = [];
  const made = async () => ({ close: async (options?: unknown) => void given.push(options) });
  const connection = { createSession: made, createReceiver: made };
  guardLinkCloses({ _connectionContext: { connection } }, new AbortController().signal, never);
  await (await connection.createSession()).close();
  await (await connection.createReceiver()).close({ closeSession: false });
  await (await connection.createReceiver()).close();
  expect(given).toEqual([{ abortSignal: never }, { closeSession: false }, undefined]);
});

test("trap: a link that waits for the service to open it waits no longer than its client lives", async () => {
  const signals: unknown[] = [];
  const connection = {
    createReceiver: async (options: { readonly abortSignal?: AbortSignal }) => {
      signals.push(options.abortSignal);
      return {};
    },
  };
  const ending = new AbortController();
  guardLinkCloses({ _connectionContext: { connection } }, ending.signal, never);
  const own = new AbortController().signal;
  await connection.createReceiver({});
  await connection.createReceiver({ abortSignal: own });
  expect(signals).toEqual([ending.signal, own]);
});

test("trap: a management request that nobody answers waits no longer than its connection lives", async () => {
  const emulator = await startEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } },
  });
  const client = new ServiceBusClient(emulator.environment["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? "");
  const over = new AbortController();
  guardLinkCloses(client, never, over.signal);
  const receiver = client.createReceiver("orders");
  await receiver.peekMessages(1);
  emulator.faults.add({ protocol: "service-bus", operation: "peek", count: 1, action: { kind: "hold" } });
  const peeked = receiver.peekMessages(1).catch((error: unknown) => error);
  while (emulator.log.entries().every(({ outcome }) => outcome !== "held"))
    await new Promise((resolve) => setImmediate(resolve));
  over.abort();
  expect(await peeked).toMatchObject({ name: "AbortError" });
  await client.close();
  await emulator.close();
});

test("trap: the link for management requests is waited for no longer than its connection lives", async () => {
  const context = {
    connection: new FakeConnection(),
    getManagementClient: () => management,
  };
  const management = { _init: async () => await new Promise(() => {}) };
  const over = new AbortController();
  guardLinkCloses({ _connectionContext: context }, never, over.signal);
  const opening = context.getManagementClient()._init();
  over.abort();
  await expect(opening).rejects.toMatchObject({ code: "ECONNRESET" });
  await expect(context.getManagementClient()._init()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("trap: a link is not opened on a session that is gone: it would wait for a minute", async () => {
  let isUp = true;
  const connection = {
    createSession: async () => ({
      isOpen: () => isUp,
      createSender: async () => ({ close: async () => await Promise.reject(new Error("late")) }),
    }),
  };
  guardLinkCloses({ _connectionContext: { connection } }, never, never);
  const session = await connection.createSession();
  await expect((await session.createSender()).close()).resolves.toBeUndefined();
  isUp = false;
  await expect(session.createSender()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test.each([
  {},
  { _connectionContext: null },
  { _connectionContext: {} },
  { _connectionContext: { connection: {} } },
])("a client with other insides is left as it is: %j", (client) => {
  const before = structuredClone(client);
  expect(guardLinkCloses(client, never, never)).toBe(false);
  expect(client).toEqual(before);
});

test("the links of the installed SDK are found", async () => {
  const emulator = await startEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } },
  });
  const client = new ServiceBusClient(emulator.environment["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? "");
  expect(guardLinkCloses(client, never, never)).toBe(true);
  const sender = client.createSender("orders");
  await sender.sendMessages({ body: 1 });
  const inner: unknown = Reflect.get(Reflect.get(sender, "_sender"), "_link");
  expect(Object.hasOwn(inner as object, "close")).toBe(true);
  await client.close();
  await emulator.close();
});

// rhea-promise 3.0.3 reads the address of the other side's attach. Between a reconnection and that attach there
// is none, and the SDK reads it in listeners and timers: what it throws there ends the process.
test("trap: a link of a request that is not attached again has no address, and says so without throwing", async () => {
  const remote: { source?: { address: string } } = { source: { address: "$management" } };
  const connection = {
    createSession: async () => ({
      createReceiver: async () => ({
        get source() {
          return remote.source;
        },
        get address() {
          return this.source?.address ?? fails("no source");
        },
      }),
    }),
  };
  expect(guardLinkCloses({ _connectionContext: { connection } }, never, never)).toBe(true);
  const link = await (await connection.createSession()).createReceiver();
  expect(link.address).toBe("$management");
  delete remote.source;
  expect(link.address).toBeUndefined();
});

function fails(why: string): never {
  throw new TypeError(why);
}
