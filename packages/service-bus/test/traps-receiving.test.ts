import { describe, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  outgoing,
  queueOf,
  rawClient,
  receive,
  rejection,
  until,
} from "./open-adapter.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

// Each trap is first shown with the plain SDK (@azure/service-bus 7.9.5). Then the adapter avoids it.

const tapped = useTappedEmulator();

/** Resolves when a new receiver has given credit, beyond the credit with which its connection opened. */
async function credited(): Promise<void> {
  await until(() => tapped.emulator.log.count("attach") > 0);
  const before = tapped.tap.flows;
  await until(() => tapped.tap.flows > before);
}

describe("two asks at once", () => {
  test("trap: the second is refused by a receiver of the SDK", async () => {
    const receiver = tapped.raw.createReceiver("orders");
    const stop = new AbortController();
    const options = { maxWaitTimeInMs: 10_000, abortSignal: stop.signal };
    const first = rejection(receiver.receiveMessages(1, options));
    await credited();
    expect(String(await rejection(receiver.receiveMessages(1, options)))).toMatch(/already receiving/u);
    stop.abort();
    await first;
  });

  test("both bring something here", async () => {
    const consumer = await tapped.consume(queueOf(tapped.adapter), consumerOptions({ mode: "pull" }));
    const asks = [1, 2].map(async () => await consumer.receiveBatch({ maxItems: 1, waitMs: 10_000 }, never));
    await tapped.send(2);
    expect((await Promise.all(asks)).map(({ length }) => length)).toEqual([1, 1]);
  });
});

describe("messages that are deleted when they are handed over", () => {
  test("trap: are lost with the SDK's connection, also those that no handler saw", async () => {
    const receiver = tapped.raw.createReceiver("orders", { receiveMode: "receiveAndDelete" });
    let seen = 0;
    receiver.subscribe(
      {
        processMessage: async () => {
          seen += 1;
          await new Promise(() => {});
        },
        processError: async () => {},
      },
      { maxConcurrentCalls: 1 },
    );
    await tapped.send(1);
    await until(() => seen === 1);
    expect(tapped.stored()).toEqual([]);
  });

  test("are none here: until it is settled a message is still there", async () => {
    const consumer = await tapped.consume();
    await tapped.send(3);
    expect(await receive(consumer, 1)).toHaveLength(1);
    expect(tapped.stored()).toHaveLength(3);
  });
});

describe("a socket that dies", () => {
  test("trap: ends an ask of the SDK with an error that says nothing", async () => {
    await tapped.send(1);
    const receiver = tapped.raw.createReceiver("orders");
    expect(await receiver.receiveMessages(1)).toHaveLength(1);
    const flows = tapped.tap.flows;
    const asking = rejection(receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 }));
    await until(() => tapped.tap.flows > flows);
    // Ended, not reset: a reset would be a GeneralError that names it in its text.
    for (const socket of tapped.tap.sockets) socket.end();
    const error = await asking;
    expect(error).not.toHaveProperty("code");
    expect(tapped.adapter.classify(error, "receive")).toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
    });
  });

  test("trap: is never told to a subscription of the SDK", async () => {
    const errors: unknown[] = [];
    let seen = 0;
    const subscription = tapped.raw.createReceiver("orders").subscribe({
      processMessage: async () => void (seen += 1),
      processError: async ({ error }) => void errors.push(error),
    });
    tapped.keep(subscription);
    await tapped.send(1);
    await until(() => seen === 1);
    tapped.tap.cut();
    const other = rawClient(tapped.emulator.endpoints.serviceBus ?? "");
    tapped.keep(other);
    await other.createSender("orders").sendMessages({ body: "x" });
    await until(() => seen === 2);
    expect(errors).toEqual([]);
  });

  test("does not end a consumer here, also where the next one dies while links are opening on it", async () => {
    const consumer = await tapped.consume();
    const producer = tapped.adapter.openProducer(queueOf(tapped.adapter));
    tapped.keep(producer);
    for (let death = 0; death < 2; death += 1) {
      const before = tapped.emulator.log.count("attach");
      tapped.tap.cut();
      await until(() => tapped.emulator.log.count("attach") > before);
    }
    tapped.tap.cut();
    let isSent = false;
    while (!isSent) isSent = (await producer.sendBatch([outgoing("after")], never))[0]?.ok === true;
    const seen: string[] = [];
    const codes = new Set<string>();
    while (seen.length === 0) {
      const deliveries = await consumer.receiveBatch({ maxItems: 1, waitMs: 5_000 }, never).catch((error) => {
        codes.add(tapped.adapter.classify(error, "receive").code);
        return [];
      });
      seen.push(...deliveries.map(({ id }) => id));
    }
    expect(seen).toEqual(["after"]);
    // A waiting ask may have been told, or not.
    expect([...codes].filter((code) => code !== "CONNECTION_LOST")).toEqual([]);
  });
});
