import type { ConsumerDriver } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import { consumerOptions, never, queueOf, rawClient, receive, until, valuesOf } from "./open-adapter.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

/** After which the SDK gives a drain up. */
const IMPATIENT_MS = 200;

const tapped = useTappedEmulator();

/** Three messages that are locked, and on their way. */
async function sendIntoTheDark(): Promise<void> {
  tapped.tap.holdBack();
  const sender = tapped.keep(rawClient(tapped.endpoint)).createSender("orders");
  await sender.sendMessages([{ body: "x" }, { body: "x" }, { body: "x" }]);
  await until(() => tapped.stored().filter((state) => state === "locked").length === 3);
}

async function letGoAfter(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  tapped.tap.letGo();
}

async function ackOne(consumer: ConsumerDriver<unknown>): Promise<void> {
  await tapped.send(1);
  const handles = (await receive(consumer, 1)).map(({ handle }) => handle);
  valuesOf(await consumer.ackBatch(handles, never));
}

describe("messages on their way to a consumer that closes go back", () => {
  test("when the service answers the drain later than the SDK waits, and the link stays open for it", async () => {
    const consumer = await tapped.consume();
    await sendIntoTheDark();
    const { detaches } = tapped.tap;
    const closing = consumer.close();
    await letGoAfter(2 * IMPATIENT_MS);
    await closing;
    expect(tapped.stored()).toEqual(["ready", "ready", "ready"]);
    expect(tapped.tap.detaches - detaches).toBe(1);
  });

  test("when the drain is given up: they come before the link's end", async () => {
    const consumer = await tapped.consume();
    // From the second message on the adapter takes them itself.
    await ackOne(consumer);
    await ackOne(consumer);
    await sendIntoTheDark();
    const { detaches } = tapped.tap;
    const closing = consumer.close();
    await until(() => tapped.tap.detaches > detaches);
    tapped.tap.letGo();
    await closing;
    expect(tapped.stored()).toEqual(["ready", "ready", "ready"]);
  });

  test("also before its opening is over, as soon as its link is open", async () => {
    await tapped.send(3);
    const consumer = tapped.keep(tapped.adapter.openConsumer(queueOf(tapped.adapter), consumerOptions()));
    const hold = { kind: "hold" } as const;
    tapped.emulator.faults.add({ protocol: "service-bus", operation: "peek", count: 1, action: hold });
    const opening = consumer.open?.(never).catch(() => {});
    await until(() => tapped.stored().every((state) => state === "locked"));
    await consumer.close();
    expect(tapped.stored()).toEqual(["ready", "ready", "ready"]);
    tapped.emulator.faults.clear();
    await tapped.adapter.close();
    await opening;
  });

  test("trap: the raw SDK leaves them locked", async () => {
    const client = tapped.keep(rawClient(tapped.tap.endpoint));
    const receiver = client.createReceiver("orders");
    const isFlowing = Promise.withResolvers<void>();
    const handlers = {
      processMessage: async (message: ServiceBusReceivedMessage) => {
        await receiver.completeMessage(message);
        isFlowing.resolve();
      },
      processError: async () => {},
    };
    const subscription = receiver.subscribe(handlers, {
      maxConcurrentCalls: 10,
      autoCompleteMessages: false,
    });
    await tapped.send(1);
    await isFlowing.promise;
    await sendIntoTheDark();
    const closing = subscription.close();
    await letGoAfter(2 * IMPATIENT_MS);
    await closing;
    expect(tapped.stored()).toEqual(["locked", "locked", "locked"]);
  });
});

test("an ask has what was on its way when its time was over", async () => {
  const consumer = await tapped.consume(queueOf(tapped.adapter), consumerOptions({ mode: "pull" }));
  await ackOne(consumer);
  const { flows } = tapped.tap;
  const over = new AbortController();
  const asking = consumer.receiveBatch({ maxItems: 3, waitMs: 30_000 }, over.signal);
  await until(() => tapped.tap.flows > flows);
  await sendIntoTheDark();
  over.abort();
  await letGoAfter(2 * IMPATIENT_MS);
  expect(await asking).toHaveLength(3);
});
