import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { ConsumerDriver } from "@anyqueue/core/adapter";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { consumerOptions, never, openAdapter, queueOf, rawClient, receive } from "./open-adapter.ts";
import { seededRandom } from "@anyqueue/core/testing";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

/** One way: a round trip takes longer than the SDK waits for a drain. */
const FAR_MS = 150;

let oneWayMs = 0;
let relay: Server;
let endpoint: string;

beforeAll(async () => {
  const [host = "", port = ""] = shared.endpoint.split(":");
  relay = createServer((client) => {
    const broker = connect(Number(port), host);
    delay(client, broker);
    delay(broker, client);
    const end = (): void => void [client, broker].map((socket) => socket.destroy());
    for (const socket of [client, broker]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  endpoint = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
});

afterEach(() => {
  oneWayMs = 0;
});

afterAll(async () => {
  await new Promise<void>((resolve) => relay.close(() => resolve()));
});

/** Delays chunks and keeps their order. */
function delay(from: Socket, to: Socket): void {
  let last = Promise.resolve();
  from.on("data", (chunk) => {
    const arrives = sleep(oneWayMs);
    last = last.then(() => arrives).then(() => void to.write(chunk));
  });
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Takes some messages, completes some of them, and keeps the others. */
async function work(
  consumer: ConsumerDriver<unknown>,
  random: () => number,
  kept: Set<unknown>,
): Promise<void> {
  const received = await receive(consumer, 1 + Math.floor(random() * 8));
  const handles = received.map(({ handle }) => handle);
  for (const handle of handles) kept.add(handle);
  const done = handles.slice(1).filter(() => random() < 0.7);
  const results = await consumer.ackBatch(done, never);
  for (const [index, handle] of done.entries()) if (results[index]?.ok === true) kept.delete(handle);
}

test.each([
  [1, 0, "stream"],
  [2, 0, "pull"],
  [3, FAR_MS, "stream"],
  [4, FAR_MS, "stream"],
] as const)(
  "what is locked after a close is what was handed over, seed %i, %i ms, %s",
  async (seed, ms, mode) => {
    const random = seededRandom(seed);
    const target = await shared.newQueue();
    const adapter = shared.keep(openAdapter(endpoint));
    const flow = { maxOutstanding: 20 + Math.floor(random() * 200), lanes: 1 };
    const consumer = adapter.openConsumer(queueOf(adapter, target.entity), consumerOptions({ mode, flow }));
    await consumer.open?.(never);
    // Set only now, because opening alone takes ten round trips.
    oneWayMs = ms;
    const client = shared.keep(rawClient(shared.endpoint));
    const sender = client.createSender(target.entity);
    let isOver = false;
    const sending = (async () => {
      while (!isOver) await sender.sendMessages([{ body: "x" }, { body: "x" }]).then(() => sleep(5));
    })();
    const kept = new Set<unknown>();
    for (let round = 0; round < 4; round += 1) await work(consumer, random, kept);
    // Messages that are on their way now reach a consumer that wants no more.
    await sleep(random() * ms);
    await consumer.close();
    isOver = true;
    await sending;
    expect(shared.locked(target)).toBe(kept.size);
  },
);
