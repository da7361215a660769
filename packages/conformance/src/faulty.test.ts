import type { ConsumerDriver, ProducerDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { outgoing } from "@anyqueue/core/testing";
import { memory } from "@anyqueue/memory";
import { beforeEach, describe, expect, test } from "vitest";
import { FaultPlan } from "./fault-plan.ts";
import { faulty } from "./faulty.ts";

const SIGNAL = new AbortController().signal;
const URL = { scheme: "memory", authority: "", path: "", parameters: {}, text: "memory:" };

let plan: FaultPlan;
let adapter: QueueAdapter;
let target: Target;
let producer: ProducerDriver;
let consumer: ConsumerDriver<unknown>;
let lost: unknown[];

beforeEach(() => {
  let now = 0;
  plan = new FaultPlan(() => (now += 1));
  const clock = {
    now: () => 0,
    bootNow: () => 0,
    wallNow: () => 0,
    setTimer: () => ({ cancel: () => undefined }),
  };
  adapter = faulty(memory({ clock }).connect(URL, { clock }), plan);
  target = adapter.resolve({ kind: "queue", name: "orders", features: [] });
  producer = adapter.openProducer(target);
  lost = [];
  consumer = adapter.openConsumer(target, {
    mode: "pull",
    leaseMs: 60_000,
    flow: { maxOutstanding: 10, lanes: 10 },
    events: { leasesLost: (what) => void lost.push(what), fault: () => undefined },
  });
});

async function send(count: number): Promise<readonly boolean[]> {
  const messages = Array.from({ length: count }, (_, index) => outgoing({ id: `m-${index}` }));
  return (await producer.sendBatch(messages, SIGNAL)).map(({ ok }) => ok);
}

async function receivedIds(): Promise<readonly string[]> {
  return (await consumer.receiveBatch({ maxItems: 10, waitMs: 0 }, SIGNAL)).map(({ id }) => id);
}

describe("faulty", () => {
  test("passes everything through while nothing is armed", async () => {
    expect(await send(2)).toEqual([true, true]);
    expect(await receivedIds()).toEqual(["m-0", "m-1"]);
    expect(plan.calls().map(({ operation, items }) => [operation, items])).toEqual([
      ["send", 2],
      ["receive", 10],
    ]);
  });

  test("keeps a call that fails before from the service", async () => {
    plan.fail({ operation: "send", code: "THROTTLED", retryAfterMs: 500 });
    const error: unknown = await send(1).catch((reason: unknown) => reason);
    expect(adapter.classify(error, "send")).toEqual({
      code: "THROTTLED",
      retryable: true,
      ambiguous: false,
      retryAfterMs: 500,
    });
    expect(await receivedIds()).toEqual([]);
    expect(await send(1)).toEqual([true]);
  });

  test("loses the answer of a call that fails after, and calls it ambiguous", async () => {
    plan.fail({ operation: "send", code: "TIMEOUT", when: "after" });
    const error: unknown = await send(1).catch((reason: unknown) => reason);
    expect(adapter.classify(error, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(await receivedIds()).toEqual(["m-0"]);
  });

  test("fails the items it is told to, and only these", async () => {
    plan.fail({ operation: "send", code: "UNAVAILABLE", items: [0, 2] });
    expect(await send(4)).toEqual([false, true, false, true]);
    expect(await receivedIds()).toEqual(["m-1", "m-3"]);
  });

  test("fails items whose effect took place", async () => {
    plan.fail({ operation: "send", code: "UNAVAILABLE", items: [1], when: "after" });
    expect(await send(2)).toEqual([true, false]);
    expect(await receivedIds()).toEqual(["m-0", "m-1"]);
  });

  test("skips calls, repeats, and keeps to one entity", async () => {
    plan.fail({ operation: "send", code: "UNAVAILABLE", entity: "another" });
    plan.fail({ operation: "send", code: "THROTTLED", skip: 1, times: 2 });
    expect(await send(1)).toEqual([true]);
    await expect(send(1)).rejects.toThrow("injected THROTTLED");
    await expect(send(1)).rejects.toThrow("injected THROTTLED");
    expect(await send(1)).toEqual([true]);
  });

  test("holds a call until it is let go", async () => {
    const hold = plan.hold("send");
    const sending = send(1);
    await expect.poll(() => hold.reached).toBe(1);
    expect(plan.isQuiet).toBe(true);
    expect(await receivedIds()).toEqual([]);
    hold.release();
    expect(await sending).toEqual([true]);
    expect(await receivedIds()).toEqual(["m-0"]);
  });

  test("turns an abort after the effect into an ambiguous failure", async () => {
    const controller = new AbortController();
    const hold = plan.hold("send", { when: "after" });
    const sending = producer.sendBatch([outgoing({ id: "m-0" })], controller.signal);
    await expect.poll(() => hold.reached).toBe(1);
    controller.abort();
    const error: unknown = await sending.catch((reason: unknown) => reason);
    expect(adapter.classify(error, "send")).toMatchObject({ code: "CANCELLED", ambiguous: true });
  });

  test("tells every open consumer that its leases are gone", async () => {
    plan.loseAllLeases();
    expect(lost).toEqual(["all"]);
    await consumer.close();
    plan.loseAllLeases();
    expect(lost).toEqual(["all"]);
  });

  test("has the optional operations that the driver has", () => {
    expect(consumer.extendBatch).toBeDefined();
    expect(consumer.deadLetterBatch).toBeDefined();
    expect(adapter.probe).toBeDefined();
  });
});
