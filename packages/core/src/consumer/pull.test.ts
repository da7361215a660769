import { describe, expect, test } from "vitest";
import { consumerBench, errorOf, type BenchOptions } from "../../test/consumer-bench.ts";
import { FAKE_LIMITS, FakeServiceError } from "../../test/fake-adapter.ts";
import type { FakeQueue } from "../../test/fake-queue.ts";
import type { ConsumerDriver, ReceiveAsk } from "../driver/driver.ts";

/** The driver of a fake queue with some calls replaced. */
function driverOf(queue: FakeQueue, over: Partial<ConsumerDriver<string>>): ConsumerDriver<string> {
  return {
    open: queue.open.bind(queue),
    receiveBatch: queue.receiveBatch.bind(queue),
    ackBatch: queue.ackBatch.bind(queue),
    releaseBatch: queue.releaseBatch.bind(queue),
    extendBatch: queue.extendBatch.bind(queue),
    deadLetterBatch: queue.deadLetterBatch.bind(queue),
    close: queue.close.bind(queue),
    ...over,
  };
}

/** A consumer whose asks are recorded. */
function asking(options: BenchOptions = {}) {
  const asks: (ReceiveAsk & { readonly atMs: number; readonly signal: AbortSignal })[] = [];
  const bench = consumerBench({
    driver: (queue) =>
      driverOf(queue, {
        receiveBatch: async (ask, signal) => {
          asks.push({ ...ask, signal, atMs: bench.clock.now() });
          return await queue.receiveBatch(ask, signal);
        },
      }),
    ...options,
  });
  return { ...bench, asks };
}

describe("an ask of receive", () => {
  test("is for one message that is there now, where nothing is said", async () => {
    const { consumer, asks, queue } = asking();
    expect(await consumer.receive()).toEqual([]);
    expect(asks).toMatchObject([{ maxItems: 1, waitMs: 0 }]);
    expect(queue.options).toMatchObject({ mode: "pull", flow: { maxOutstanding: 1_000, lanes: 10 } });
    await consumer.close();
  });

  test("is for no more, and waits no longer, than the service takes; it is repeated until the time is over", async () => {
    const { clock, consumer, asks } = asking();
    const waiting = consumer.receive({ max: 25, wait: "50s" });
    await clock.advance(49_999);
    expect(clock.pendingTimers).toBe(3); // the fake's wait, its limit, and the watchdog of the event loop
    await clock.advance(1);
    expect(await waiting).toEqual([]);
    expect(asks.map(({ maxItems, waitMs, atMs }) => [maxItems, waitMs, atMs])).toEqual([
      [10, 20_000, 0],
      [10, 20_000, 20_000],
      [10, 10_000, 40_000],
    ]);
    expect(clock.pendingTimers).toBe(0);
    await consumer.close();
  });

  test("is not made where its signal is aborted, and is aborted with it", async () => {
    const { clock, consumer, asks } = asking();
    const reason = new Error("enough");
    const error = await errorOf(consumer.receive({ signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({
      code: "CANCELLED",
      cause: reason,
      operation: "receive",
      target: "fake://here/orders",
    });
    expect(asks).toEqual([]);
    const controller = new AbortController();
    const waiting = errorOf(consumer.receive({ wait: "20s", signal: controller.signal }));
    await clock.settle();
    controller.abort(reason);
    expect(asks[0]?.signal.aborted).toBe(true);
    expect(await waiting).toMatchObject({ code: "CANCELLED", cause: reason });
    expect(clock.pendingTimers).toBe(0);
    await consumer.close();
  });

  test.each([
    ["its signal", "CANCELLED"],
    ["a close", undefined],
  ])("that brings something although %s ended it gives that back", async (how, code) => {
    const controller = new AbortController();
    const { clock, queue, consumer } = consumerBench({
      driver: (one) =>
        driverOf(one, {
          receiveBatch: async (ask, signal) => {
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => {
                resolve();
              });
            });
            one.put("late");
            return await one.receiveBatch(ask, signal);
          },
        }),
    });
    let received: unknown;
    const waiting = errorOf(
      consumer.receive({ wait: "20s", signal: controller.signal }).then((messages) => {
        received = messages;
      }),
    );
    await clock.settle();
    const closed = how === "a close" ? consumer.close() : undefined;
    if (closed === undefined) controller.abort();
    expect(((await waiting) as { code?: string } | undefined)?.code).toBe(code);
    expect(received).toEqual(code === undefined ? [] : undefined);
    await clock.settle();
    expect(queue.released).toMatchObject([{ id: "late", delayMs: 0, cause: "unstarted" }]);
    await (closed ?? consumer.close());
  });

  test("is waited for by a close, which gives back what it brings as late as the driver needs to stop", async () => {
    const { clock, queue, consumer } = consumerBench({
      driver: (one) =>
        driverOf(one, {
          receiveBatch: async (ask, signal) => {
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => clock.setTimer(resolve, 200));
            });
            one.put("late");
            return await one.receiveBatch(ask, signal);
          },
        }),
    });
    const received = consumer.receive({ wait: "20s" });
    await clock.settle();
    const closed = consumer.close();
    await clock.advance(200);
    expect(queue.released).toMatchObject([{ id: "late", delayMs: 0, cause: "unstarted" }]);
    expect(await closed).toMatchObject({ released: 1, unsettled: 0 });
    expect(await received).toEqual([]);
  });

  test("opens once for all that ask together, and again after a close", async () => {
    let opens = 0;
    const { queue, consumer } = consumerBench({
      driver: (one) =>
        driverOf(one, {
          open: async () => {
            opens += 1;
            await Promise.resolve();
          },
        }),
    });
    await Promise.all([consumer.receive(), consumer.receive()]);
    expect(opens).toBe(1);
    await consumer.close();
    expect(queue.isClosed).toBe(true);
    queue.put("m");
    expect(await consumer.receive()).toHaveLength(1);
    expect(opens).toBe(2);
    await consumer.close();
  });

  test("during the close of the consumer is refused, or begins anew after it", async () => {
    const { clock, queue, consumer } = consumerBench();
    const iterator = consumer[Symbol.asyncIterator]();
    const next = iterator.next();
    await clock.settle();
    await consumer.close();
    expect(await next).toEqual({ done: true, value: undefined });
    queue.openFailures = [new FakeServiceError({ code: "ACCESS_DENIED", retryable: false })];
    await expect(consumer.receive()).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    expect(await consumer.close()).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
  });
});

describe("what no owner shall see", () => {
  test("is settled as it is for a handler, and the rest is handed over", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("old", {}, { attributes: { "aq-exp": String(clock.wallNow() - 1) } });
    queue.put("early", {}, { attributes: { "aq-due": String(clock.wallNow() + 5_000) } });
    queue.put("fresh");
    const messages = await consumer.receive({ max: 10 });
    expect(messages.map(({ id }) => id)).toEqual(["fresh"]);
    await clock.settle();
    expect(queue.acked).toEqual(["old"]);
    expect(queue.released).toMatchObject([{ id: "early", delayMs: 5_000, cause: "unstarted" }]);
    expect(events.of("expired")).toHaveLength(1);
    await consumer.close();
  });

  test("and goes to the application's own function is not settled twice if it was lost meanwhile", async () => {
    const decided = Promise.withResolvers<void>();
    const { clock, queue, consumer } = consumerBench({
      options: { onInvalid: async () => await decided.promise },
    });
    queue.put("bad", new TextEncoder().encode("{"));
    const waiting = consumer.receive({ max: 10 });
    await clock.settle();
    queue.options?.events.leasesLost("all", new Error("gone"));
    decided.resolve();
    expect(await waiting).toEqual([]);
    await clock.settle();
    expect(queue.count("ack")).toBe(0);
    await consumer.close();
  });
});

describe("iteration", () => {
  test("asks for ten at most, with the longest wait", async () => {
    const { clock, consumer, asks } = asking({
      limits: { receive: { ...FAKE_LIMITS.receive, maxItems: 32 } },
    });
    const next = consumer[Symbol.asyncIterator]().next();
    await clock.settle();
    expect(asks).toMatchObject([{ maxItems: 10, waitMs: 20_000 }]);
    await consumer.close();
    await next;
  });

  test("gives back what was handed over long ago and never settled, when it is left", async () => {
    const { queue, consumer } = consumerBench({
      limits: { receive: { ...FAKE_LIMITS.receive, maxItems: 1 } },
    });
    for (const id of ["a", "b", "c"]) queue.put(id);
    const seen: string[] = [];
    for await (const message of consumer) {
      seen.push(message.id);
      if (message.id === "b") await message.ack();
      if (message.id === "c") break;
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect(queue.released.map(({ id }) => id)).toEqual(["a", "c"]);
    await consumer.close();
  });
});

describe("the close of a consumer that pulled", () => {
  test("with nothing open has nothing to do", async () => {
    const { queue, consumer } = consumerBench();
    queue.openFailures = [new FakeServiceError({ code: "ACCESS_DENIED", retryable: false })];
    await errorOf(consumer.receive());
    queue.isClosed = false;
    expect(await consumer.close()).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    expect(queue.isClosed).toBe(false);
  });

  test("waits for an ack that is on its way", async () => {
    const answer = Promise.withResolvers<void>();
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    queue.failNext("ack", async (applied) => {
      await answer.promise;
      return applied();
    });
    const acked = message?.ack();
    await clock.settle();
    const closed = consumer.close();
    await clock.advance(100);
    expect(queue.isClosed).toBe(false);
    answer.resolve();
    await clock.settle();
    expect(await closed).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
    await acked;
  });

  test("tells who still works on a message that goes back, and refuses the ack", async () => {
    const { queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    const { signal } = message ?? {};
    await consumer.close();
    expect(queue.released.map(({ id }) => id)).toEqual(["m"]);
    expect(signal?.reason).toMatchObject({ code: "CANCELLED" });
    expect(await errorOf(message?.ack() ?? Promise.resolve())).toMatchObject({ code: "CANCELLED" });
  });

  test("counts what was settled and what went back, and says what failed", async () => {
    const { queue, consumer, events } = consumerBench({
      driver: (one) =>
        driverOf(one, { close: async () => await Promise.reject(new Error("will not close")) }),
    });
    for (const id of ["a", "b", "c"]) queue.put(id);
    const [first] = await consumer.receive({ max: 3 });
    await first?.ack();
    const [one, other] = await Promise.all([consumer.close(), consumer.close()]);
    expect(one).toEqual({ handled: 1, released: 2, unsettled: 0, abandoned: 0 });
    expect(other).toEqual(one);
    expect(events.of("notice")).toEqual([
      {
        target: "fake://here/orders",
        text: expect.stringMatching(/close drivers failed: .*will not close/u),
      },
    ]);
  });
});
