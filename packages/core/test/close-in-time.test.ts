import { describe, expect, test } from "vitest";
import { createClient } from "../src/client/queue-client.ts";
import { runWorker, type WorkerProcess } from "../src/client/run-worker.ts";
import type { ConsumerDriver } from "../src/driver/driver.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { createVirtualClock } from "../src/testing.ts";
import { consumerBench, errorOf } from "./consumer-bench.ts";
import { fakeAdapter, FakeProducerDriver } from "./fake-adapter.ts";
import { hangs, throws } from "./fake-faults.ts";
import { FakeQueue } from "./fake-queue.ts";
import { producerBench } from "./producer-bench.ts";

const never = async (): Promise<never> => await new Promise(() => {});

/** A driver of a service that stops answering once `silence` is called, and that ignores its signals. */
function falling(): { driver: (queue: FakeQueue) => ConsumerDriver<string>; silence: () => void } {
  let isSilent = false;
  return {
    driver: (queue) => ({
      receiveBatch: async (ask, signal) => await queue.receiveBatch(ask, signal),
      ackBatch: async (handles) => await (isSilent ? never() : queue.ackBatch(handles)),
      releaseBatch: async (items) => await (isSilent ? never() : queue.releaseBatch(items)),
      extendBatch: async (items) => await (isSilent ? never() : queue.extendBatch(items)),
      close: async () => await (isSilent ? never() : queue.close()),
    }),
    silence: () => {
      isSilent = true;
    },
  };
}

/** Records when a promise settles, by the clock; -1 until then. */
function watched(clock: { now(): number }, promise: Promise<unknown>): { atMs: number } {
  const seen = { atMs: -1 };
  const note = (): void => {
    seen.atMs = clock.now();
  };
  promise.then(note, note);
  return seen;
}

describe("closing a consumer while nothing answers", () => {
  test("ends in its time, tells what is not settled, and acks nothing afterwards", async () => {
    const { driver, silence } = falling();
    const { clock, queue, consumer, events } = consumerBench({
      driver,
      options: { concurrency: 3, prefetch: 2 },
    });
    for (const id of ["acked", "late", "stuck", "unstarted"]) queue.put(id);
    const ends = new Map<string, () => void>();
    const run = consumer.run(async ({ id }) => {
      const end = Promise.withResolvers<void>();
      ends.set(id, end.resolve);
      await end.promise;
    });
    await clock.settle();
    ends.get("acked")?.();
    await clock.settle();
    silence();
    ends.get("late")?.();
    const closed = consumer.close({ timeout: "4s" });
    const seen = watched(clock, closed);
    await clock.advance("60s");
    expect(await closed).toEqual({ handled: 1, released: 0, unsettled: 3, abandoned: 2 });
    expect(seen.atMs).toBeLessThanOrEqual(7_000);
    expect(queue.acked).toEqual(["acked"]);
    const failed = events.of("settle-failed").map(({ id, kind }) => `${id} ${kind}`);
    expect(failed.toSorted()).toEqual(["late ack", "stuck release", "unstarted release"]);
    expect(await run).toEqual(await closed);
    for (const end of ends.values()) end();
    await clock.advance("60s");
    expect(queue.acked).toEqual(["acked"]);
  });

  test.each(["run", "receive"] as const)("ends a start that hangs at once (%s)", async (use) => {
    const { clock, queue, consumer } = consumerBench({
      driver: (one) => ({ ...bound(one), open: never, close: never }),
    });
    queue.put("m");
    const used = use === "run" ? consumer.run(() => undefined) : errorOf(consumer.receive());
    await clock.advance("1s");
    const closed = consumer.close();
    const seen = watched(clock, closed);
    await clock.advance("60s");
    expect(await closed).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    expect(seen.atMs).toBeLessThanOrEqual(2_500);
    expect(await used).toMatchObject(use === "run" ? { handled: 0 } : { code: "CLOSED" });
  });

  test("tells of what was pulled and could not be given back", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    queue.failNext("release", hangs);
    const closed = consumer.close({ timeout: "1s" });
    await clock.advance("5s");
    expect(await closed).toEqual({ handled: 0, released: 0, unsettled: 1, abandoned: 0 });
    expect(message?.id).toBe("m");
  });
});

describe("closing a producer while nothing answers", () => {
  test("rejects what is not confirmed by then, which may have arrived", async () => {
    const { clock, producer } = producerBench({ script: never });
    const sent = errorOf(producer.send(1));
    await clock.settle();
    const closed = producer.close(2_000);
    const seen = watched(clock, closed);
    await clock.advance("60s");
    await closed;
    expect(await sent).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(seen.atMs).toBe(2_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([
    ["less", 1_000, 3_000],
    ["more", 60_000, 10_000],
  ])("has %s time than at first if a later close says so, never more", async (_what, withinMs, endsAtMs) => {
    const { clock, producer } = producerBench({ script: never });
    const sent = errorOf(producer.send(1));
    await clock.settle();
    const seen = watched(clock, producer.close(10_000));
    await clock.advance(2_000);
    const again = watched(clock, producer.close(withinMs));
    await clock.advance("60s");
    expect(await sent).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect([seen.atMs, again.atMs]).toEqual([endsAtMs, endsAtMs]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("does not wait for a driver that does not close", async () => {
    const driver = new FakeProducerDriver();
    driver.close = never;
    const { clock, producer } = producerBench({ driver });
    const closed = producer.close();
    const seen = watched(clock, closed);
    await clock.advance("60s");
    await closed;
    expect(seen.atMs).toBe(500);
  });
});

/** A client whose service never answers, with a running consumer and a send on its way. */
async function silentClient() {
  const clock = createVirtualClock();
  const silent: ConsumerDriver<string> = {
    receiveBatch: never,
    ackBatch: never,
    releaseBatch: never,
    close: never,
  };
  const driver = new FakeProducerDriver(never);
  driver.close = never;
  const adapter = { ...fakeAdapter({ consumer: () => silent, producer: () => driver }), close: never };
  const client = createClient("fake://here", [{ scheme: "fake", connect: () => adapter }], { clock });
  const orders = defineQueue("orders", { deadLetter: "none" });
  const run = client.consumer(orders).run(() => undefined);
  const sent = errorOf(client.producer(orders).send({ id: 1 }));
  await clock.settle();
  return { clock, client, run, sent };
}

/** A client whose handler does not end. */
async function busyClient() {
  const clock = createVirtualClock();
  const queue = new FakeQueue(clock);
  const adapter = fakeAdapter({ consumer: (_target, options) => queue.connect(options) });
  const client = createClient("fake://here", [{ scheme: "fake", connect: () => adapter }], { clock });
  const consumer = client.consumer(defineQueue("orders", { deadLetter: "none" }));
  queue.put("m");
  const run = consumer.run(never).catch(() => {});
  await clock.settle();
  return { clock, queue, client, consumer, run };
}

describe("closing a client while nothing answers", () => {
  test("ends five seconds after its time at the latest, with everything that it holds", async () => {
    const { clock, client, run, sent } = await silentClient();
    const closed = client.close({ timeout: "3s" });
    const seen = watched(clock, closed);
    await clock.advance("60s");
    await closed;
    expect(seen.atMs).toBeLessThanOrEqual(8_000);
    expect(await sent).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    await run;
  });

  test.each(["client", "consumer", "failed consumer"] as const)(
    "has less time than the close of its %s that is under way",
    async (first) => {
      const { clock, queue, client, consumer, run } = await busyClient();
      if (first === "client") void client.close();
      else if (first === "consumer") void consumer.close();
      else {
        queue.failNext("receive", throws({ code: "NOT_FOUND", retryable: false }));
        // Ends the ask that is out.
        queue.put("another");
      }
      await clock.advance("2s");
      const closed = client.close({ timeout: "3s" });
      const seen = watched(clock, closed);
      await clock.advance("60s");
      expect((await closed).abandoned).toBeGreaterThan(0);
      expect(seen.atMs).toBeLessThanOrEqual(10_000);
      await run;
    },
  );

  test.each([
    ["sends are flushed", 8_000],
    ["connections close", 20_000],
  ])("has less time than the close that is under way while %s", async (_what, atMs) => {
    const { clock, client, run, sent } = await silentClient();
    const first = client.close({ timeout: "30s" });
    await clock.advance(atMs);
    const seen = watched(clock, client.close({ timeout: "1s" }));
    await clock.advance("60s");
    expect(seen.atMs).toBeLessThanOrEqual(atMs + 6_000);
    expect(await sent).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    await Promise.all([first, run]);
  });

  test("ends a worker that was told to end in the same time", async () => {
    const { clock, client, run } = await silentClient();
    let terminate: () => void = () => {};
    const process: WorkerProcess = {
      on: (_signal, listener) => (terminate = listener),
      off: () => {},
      exit: () => {},
    };
    const worked = runWorker(client, [run], { timeout: "3s", process });
    const seen = watched(clock, worked);
    terminate();
    await clock.advance("60s");
    await worked;
    expect(seen.atMs).toBeLessThanOrEqual(8_000);
  });
});

function bound(queue: FakeQueue): ConsumerDriver<string> {
  return {
    receiveBatch: async (ask, signal) => await queue.receiveBatch(ask, signal),
    ackBatch: async (handles) => await queue.ackBatch(handles),
    releaseBatch: async (items) => await queue.releaseBatch(items),
    close: async () => await queue.close(),
  };
}
