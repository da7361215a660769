import { AsyncResource } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { connect, createServer, type AddressInfo } from "node:net";
import type { ProducerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { expect, onTestFinished, test, vi } from "vitest";
import { NamespaceConnection } from "../src/namespace-connection.ts";
import { classifyServiceBusError } from "../src/service-bus-errors.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  queueOf,
  rawClient,
  receive,
  rejection,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { saidBy } from "./said-by.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

/** Far below the timeouts of the SDK, and longer than any step here takes on a busy machine. */
const SOON_MS = 5_000;

const tapped = useTappedEmulator();

const refuse = (): never => {
  throw new Error("there is no administration");
};

/** Starts a server of the application's own. @returns its port */
async function serverThatSays(said: string): Promise<number> {
  const server = createServer((socket) => socket.end(said));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Resets the connection during a send. @returns the send's code, and whether it came soon */
async function cutSend(adapter: QueueAdapter, producer: ProducerDriver): Promise<readonly unknown[]> {
  tapped.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    when: "after",
    count: 1,
    action: { kind: "reset" },
  });
  const startedAt = performance.now();
  const [result] = await producer.sendBatch([outgoing("cut")], never);
  const isSoon = performance.now() - startedAt < SOON_MS;
  return [adapter.classify(result?.ok === false ? result.error : undefined, "send").code, isSoon];
}

test("a socket that dies ends a send at once where Node tells of no socket, as before 22.17 of none with TLS", async () => {
  const telling = vi.spyOn(channel("net.client.socket"), "publish").mockImplementation(() => {});
  onTestFinished(() => telling.mockRestore());
  const producer = tapped.keep(tapped.adapter.openProducer(queueOf(tapped.adapter)));
  valuesOf(await producer.sendBatch([outgoing("first")], never));
  expect(await cutSend(tapped.adapter, producer)).toEqual(["CONNECTION_LOST", true]);
  valuesOf(await producer.sendBatch([outgoing("third")], never));
});

test("a socket that dies ends what the SDK still does for a request, whose timer would keep the process alive", async () => {
  const port = await serverThatSays("bytes");
  const factory = { client: () => tapped.raw, administration: refuse, isForeign: false };
  const connection = new NamespaceConnection(factory);
  connection.acquire();
  let abandoned: AbortSignal | undefined;
  const request = connection.abandonable(async (signal) => {
    abandoned = signal;
    connect(port, "127.0.0.1").resume();
    await new Promise(() => {});
  }, never);
  const lost = { code: "CONNECTION_LOST", ambiguous: true };
  expect(classifyServiceBusError(await rejection(request), "send")).toMatchObject(lost);
  expect(abandoned?.aborted).toBe(true);
  await connection.release();
});

test("what else is opened inside the SDK's calls, by a tracer of the application, is no connection to the service", async () => {
  const port = await serverThatSays("exported");
  const factory = { client: () => rawClient(tapped.tap.endpoint), administration: refuse, isForeign: false };
  const connection = new NamespaceConnection(factory);
  connection.acquire();
  const deaths: unknown[] = [];
  connection.onDeath((error) => deaths.push(error));
  await connection.call(async (client) => await client.createSender("orders").sendMessages({ body: "x" }));
  const { generation } = connection;
  const exported = connection.scoped(() => AsyncResource.bind(async () => await saidBy(port)));
  expect(await exported()).toBe("exported");
  expect([deaths, connection.generation]).toEqual([[], generation]);
  tapped.tap.cut();
  await vi.waitUntil(() => deaths.length > 0, 15_000);
  expect(await exported()).toBe("exported");
  await connection.release();
});

test("a socket that dies ends nothing that the application opens when it hears of it", async () => {
  const port = await serverThatSays("welcome");
  const keyed = sessionQueueOf(tapped.adapter, "keyed");
  const producer = tapped.keep(tapped.adapter.openProducer(keyed));
  valuesOf(await producer.sendBatch([outgoing("a", { orderingKey: "a" })], never));
  const said = Promise.withResolvers<string>();
  const { events } = consumerOptions();
  const leasesLost = (): void => said.resolve(saidBy(port));
  const consumer = await tapped.consume(
    keyed,
    Object.assign(consumerOptions(), { events: { ...events, leasesLost } }),
  );
  await receive(consumer, 1);
  tapped.tap.cut();
  expect(await said.promise).toBe("welcome");
});

test("a socket of a client that was given in, and open before, is watched as well", async () => {
  await tapped.send(1);
  const own = tapped.keep(openAdapter(tapped.tap.endpoint, { options: { client: tapped.raw } }));
  const producer = tapped.keep(own.openProducer(queueOf(own)));
  await producer.open?.(never);
  expect(await cutSend(own, producer)).toEqual(["CONNECTION_LOST", true]);
});
