import { EventEmitter } from "node:events";
import type { ConsumerDriver } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { drainPatiently } from "../src/patient-drains.ts";
import { consumerOptions, never, queueOf, rawClient, receive, until, valuesOf } from "./open-adapter.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

/** The time after which the SDK gives up a drain. */
const IMPATIENT_MS = 200;

const tapped = useTappedEmulator();

/** Sends three messages, which are locked and held up on their way. */
async function sendIntoTheDark(): Promise<void> {
  tapped.tap.holdBack();
  const sender = tapped.keep(rawClient(tapped.endpoint)).createSender("orders");
  await sender.sendMessages([{ body: "x" }, { body: "x" }, { body: "x" }]);
  await until(() => tapped.stored().filter((state) => state === "locked").length === 3);
}

/** Lets time stand still: neither the SDK nor the adapter gives a drain up before the test says so. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
}

/** Runs work that drains a link, and has the drain answered when the SDK has given it up. */
async function answeredLate<Value>(drain: () => Promise<Value>): Promise<Value> {
  const { flows } = tapped.tap;
  stopTimers();
  const work = drain();
  await until(() => tapped.tap.flows > flows);
  vi.advanceTimersByTime(2 * IMPATIENT_MS);
  tapped.tap.letGo();
  return await work;
}

afterEach(() => {
  vi.useRealTimers();
});

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
    await answeredLate(async () => await consumer.close());
    expect(tapped.stored()).toEqual(["ready", "ready", "ready"]);
    expect(tapped.tap.detaches - detaches).toBe(1);
  });

  test("when the drain is given up: they come before the link's end", async () => {
    const consumer = await tapped.consume();
    // From the second message on, the adapter takes messages itself.
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
    await answeredLate(async () => await subscription.close());
    expect(tapped.stored()).toEqual(["locked", "locked", "locked"]);
  });
});

test("a link that is being closed when the connection dies holds up none that comes after it", async () => {
  const consumer = await tapped.consume();
  await ackOne(consumer);
  tapped.tap.holdBack();
  const { detaches } = tapped.tap;
  const lowered = consumer.setFlow?.({ maxOutstanding: 0, lanes: 10 }, never);
  await until(() => tapped.tap.detaches > detaches);
  tapped.tap.cut();
  await lowered;
  await consumer.setFlow?.({ maxOutstanding: 10, lanes: 10 }, never);
  await tapped.keep(rawClient(tapped.endpoint)).createSender("orders").sendMessages({ body: "x" });
  expect(await receive(consumer, 1)).toHaveLength(1);
});

test("an ask has what was on its way when its time was over", async () => {
  const consumer = await tapped.consume(queueOf(tapped.adapter), consumerOptions({ mode: "pull" }));
  await ackOne(consumer);
  const { flows } = tapped.tap;
  const over = new AbortController();
  const asking = consumer.receiveBatch({ maxItems: 3, waitMs: 30_000 }, over.signal);
  await until(() => tapped.tap.flows > flows);
  await sendIntoTheDark();
  const taken = await answeredLate(async () => {
    over.abort();
    return await asking;
  });
  expect(taken).toHaveLength(3);
});

describe("a link that drains", () => {
  class FakeLink extends EventEmitter {
    closes = 0;

    drainCredit(): void {}

    async close(): Promise<void> {
      this.closes += 1;
    }
  }

  function drainingLink(over: AbortSignal = never): FakeLink {
    const link = new FakeLink();
    drainPatiently(link, over);
    link.drainCredit();
    return link;
  }

  beforeEach(stopTimers);

  test("stays open when the SDK gives the drain up and the answer comes", async () => {
    const link = drainingLink();
    vi.advanceTimersByTime(IMPATIENT_MS);
    const closing = link.close();
    link.emit("receiver_drained");
    await closing;
    expect(link.closes).toBe(0);
    await link.close();
    expect(link.closes).toBe(1);
    expect(link.eventNames()).toEqual([]);
  });

  test("closes for everybody else: before the SDK gives up, and once it has", async () => {
    const early = drainingLink();
    const closing = early.close();
    early.emit("receiver_drained");
    await closing;
    expect(early.closes).toBe(1);
    const late = drainingLink();
    vi.advanceTimersByTime(IMPATIENT_MS);
    void late.close();
    await late.close();
    expect(late.closes).toBe(1);
  });

  test.each<[string, (link: FakeLink, over: AbortController) => void]>([
    ["no answer comes in time", () => vi.advanceTimersByTime(2_000)],
    ["the service closes it", (link) => link.emit("receiver_close")],
    ["its connection is gone", (_link, over) => over.abort()],
  ])("closes when %s", async (_what, happen) => {
    const over = new AbortController();
    const link = drainingLink(over.signal);
    vi.advanceTimersByTime(IMPATIENT_MS);
    const closing = link.close();
    happen(link, over);
    await closing;
    expect(link.closes).toBe(1);
  });

  test("of another SDK is left as it is", () => {
    const link = { close: () => "theirs" };
    drainPatiently(link, never);
    expect(link.close()).toBe("theirs");
  });
});
