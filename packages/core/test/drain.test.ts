import { describe, expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";
import { FakeServiceError } from "./fake-adapter.ts";
import { hangs, throws, UNAVAILABLE } from "./fake-faults.ts";

describe("close", () => {
  test("of an idle consumer takes no time: the long poll is aborted", async () => {
    const { clock, queue, consumer } = consumerBench();
    const run = consumer.run(() => undefined);
    await clock.advance("5s");
    expect(queue.asksOut).toBe(1);
    expect(await consumer.close()).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    await run;
    expect(clock.now()).toBe(5_000);
    expect(queue.asksOut).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test("waits for running handlers and their settlements, and renews their leases meanwhile", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    let end: () => void = () => {};
    const run = consumer.run(
      async () =>
        await new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await clock.settle();
    let isClosed = false;
    const closed = consumer.close({ timeout: "5m" }).then((report) => {
      isClosed = true;
      return report;
    });
    await clock.advance("2m");
    expect(isClosed).toBe(false);
    expect(queue.count("extend")).toBeGreaterThanOrEqual(3);
    end();
    await clock.settle();
    expect(await closed).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
    expect(queue.acked).toEqual(["m"]);
    await run;
  });

  test("keeps the flow at zero for as long as it waits", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const { promise, resolve } = Promise.withResolvers<void>();
    const run = consumer.run(() => promise);
    await clock.settle();
    const closed = consumer.close();
    await clock.advance("10s");
    expect(queue.flows.at(-1)).toEqual({ maxOutstanding: 0, lanes: 0 });
    resolve();
    await clock.settle();
    await closed;
    await run;
  });

  test("gives back at once what no handler has started, uncounted and without delay", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 1, prefetch: 4 } });
    for (let index = 0; index < 5; index += 1) queue.put(`m${index}`);
    let end: () => void = () => {};
    const run = consumer.run(
      async () =>
        await new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await clock.settle();
    const closed = consumer.close();
    await clock.settle();
    expect(queue.released.map(({ id, delayMs, cause }) => [id, delayMs, cause])).toEqual(
      ["m1", "m2", "m3", "m4"].map((id) => [id, 0, "unstarted"]),
    );
    end();
    await clock.settle();
    expect(await closed).toEqual({ handled: 1, released: 4, unsettled: 0, abandoned: 0 });
    await run;
  });

  test("aborts handlers at its deadline; one that stops for it is given back and is no failure", async () => {
    const { clock, queue, consumer, events } = consumerBench({ options: { retry: { attempts: 1 } } });
    queue.put("m");
    const reasons: unknown[] = [];
    const run = consumer.run(
      async (_message, { signal }) =>
        await new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(new Error("aborted"));
          });
        }),
    );
    await clock.settle();
    const closed = consumer.close({ timeout: "3s" });
    await clock.advance("3s");
    expect(await closed).toEqual({ handled: 0, released: 1, unsettled: 0, abandoned: 0 });
    expect(reasons).toMatchObject([{ code: "CANCELLED" }]);
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "unstarted" }]);
    expect(queue.dead).toEqual([]);
    expect(events.of("dead-lettered")).toEqual([]);
    await run;
  });

  test("abandons a handler that never ends, gives its message back and resolves", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    let end: () => void = () => {};
    const run = consumer.run(
      async () =>
        await new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await clock.settle();
    const closed = consumer.close({ timeout: "3s" });
    await clock.advance("5s");
    expect(await closed).toEqual({ handled: 0, released: 1, unsettled: 0, abandoned: 1 });
    expect(queue.released).toMatchObject([{ id: "m", cause: "unstarted" }]);
    end();
    await clock.settle();
    expect(queue.acked).toEqual([]);
    expect(events.of("late-result")).toMatchObject([{ id: "m", result: "returned" }]);
    await run;
  });

  test("called again shares the drain, and its report; run resolves with it", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    const run = consumer.run(() => undefined);
    await clock.settle();
    const [one, other] = await Promise.all([consumer.close(), consumer.close({ timeout: "1s" })]);
    expect(one).toEqual(other);
    expect(await run).toEqual(one);
    expect(events.of("state").map(({ state }) => state)).toEqual(["started", "draining", "closed"]);
    expect(await consumer.close()).toEqual(one);
  });

  test("is what asynchronous disposal does", async () => {
    const { clock, queue, consumer } = consumerBench();
    const run = consumer.run(() => undefined);
    await clock.settle();
    await consumer[Symbol.asyncDispose]();
    await run;
    expect(queue.isClosed).toBe(true);
  });

  test("inside a handler does not wait for itself for ever", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const reports: unknown[] = [];
    const run = consumer.run(async () => {
      reports.push(await consumer.close({ timeout: "2s" }));
    });
    await clock.advance("10s");
    expect(reports).toEqual([{ handled: 0, released: 1, unsettled: 0, abandoned: 1 }]);
    expect(await run).toEqual(reports[0]);
  });

  test("inside a handler that does not wait for it acks that message", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const run = consumer.run(() => {
      void consumer.close();
    });
    await clock.settle();
    expect(await run).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
    expect(queue.acked).toEqual(["m"]);
  });

  test("during a settlement that is being retried finishes it", async () => {
    const { clock, queue, consumer } = consumerBench({ setup: { random: () => 0.999 } });
    queue.put("m");
    queue.failNext(
      "ack",
      ...Array.from({ length: 3 }, () => throws({ ...UNAVAILABLE, retryAfterMs: 60_000 })),
    );
    const run = consumer.run(() => undefined);
    await clock.settle();
    queue.failNext("ack");
    const closed = consumer.close();
    await clock.advance("10s");
    const report = await closed;
    expect(report.handled + report.released).toBeLessThanOrEqual(1);
    await run;
  });

  test("reports a settlement that is never answered, in bounded time", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    queue.failNext("ack", hangs, hangs);
    const run = consumer.run(() => undefined);
    await clock.settle();
    const closed = consumer.close();
    await clock.advance("10s");
    expect(await closed).toEqual({ handled: 0, released: 0, unsettled: 1, abandoned: 0 });
    expect(events.of("settle-failed")).toMatchObject([{ id: "m", kind: "ack", error: { code: "TIMEOUT" } }]);
    await run;
  });

  test("ends although the ask ignores its signal and the driver does not close", async () => {
    const { clock, consumer, events } = consumerBench({
      driver: (queue) => ({
        ackBatch: queue.ackBatch.bind(queue),
        releaseBatch: queue.releaseBatch.bind(queue),
        receiveBatch: async () => await new Promise(() => {}),
        close: async () => await Promise.reject(new Error("will not close")),
      }),
    });
    const run = consumer.run(() => undefined);
    await clock.settle();
    const closed = consumer.close();
    await clock.advance("10s");
    expect(await closed).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    expect(events.of("notice").map(({ text }) => text)).toEqual([expect.stringContaining("will not close")]);
    await run;
  });

  test("gives back what an aborted ask still brings", async () => {
    const { clock, queue, consumer } = consumerBench({
      driver: (one) => ({
        ackBatch: one.ackBatch.bind(one),
        releaseBatch: one.releaseBatch.bind(one),
        close: one.close.bind(one),
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
    const run = consumer.run(() => {
      throw new Error("must not run");
    });
    await clock.settle();
    await consumer.close();
    expect(queue.released).toMatchObject([{ id: "late", delayMs: 0, cause: "unstarted" }]);
    await run;
  });

  test("while the start is being retried ends the retries", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    const unreachable = new FakeServiceError({ code: "CONNECTION_LOST", retryable: true });
    queue.openFailures = Array.from({ length: 100 }, () => unreachable);
    const run = consumer.run(() => undefined);
    await clock.advance("10s");
    expect(events.of("receive-error").length).toBeGreaterThan(1);
    expect(consumer.health().ready).toBe(false);
    const closed = consumer.close();
    await clock.settle();
    expect(await closed).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    expect(await run).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
  });

  test("lets the same object run again", async () => {
    const { clock, queue, consumer } = consumerBench();
    for (const id of ["a", "b", "c"]) {
      queue.put(id);
      const run = consumer.run(() => undefined);
      await clock.settle();
      await consumer.close();
      expect(await run).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
    }
    expect(queue.acked).toEqual(["a", "b", "c"]);
  });
});

describe("over many restarts", () => {
  test("nothing is lost and nothing is handled twice", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { concurrency: 7, prefetch: 5 } });
    for (let index = 0; index < 500; index += 1) queue.put(`m${index}`);
    const done: string[] = [];
    for (let cycle = 0; cycle < 40; cycle += 1) {
      const run = consumer.run(async (message) => {
        await new Promise<void>((resolve) => {
          clock.setTimer(resolve, 10);
        });
        done.push(message.id);
      });
      await clock.advance(15 + cycle * 7);
      const closed = consumer.close();
      await clock.advance("1s");
      await closed;
      await run;
    }
    expect(new Set(done).size).toBe(500);
    expect(done).toHaveLength(500);
    expect(queue.messages).toEqual([]);
  });
});
