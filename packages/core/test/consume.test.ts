import { describe, expect, test } from "vitest";
import { DeadLetterError, RetryError } from "../src/errors/handler-errors.ts";
import { consumerBench } from "./consumer-bench.ts";

describe("a running consumer", () => {
  test("acks what its handler returned from, whatever it returned", async () => {
    const { clock, queue, consumer } = consumerBench();
    const results = [undefined, null, 0, false, { id: "x" }, new Error("returned, not thrown")];
    for (const index of results.keys()) queue.put(`m${index}`);
    const run = consumer.run((message) => results[Number(message.id.slice(1))]);
    await clock.settle();

    expect(queue.acked.toSorted()).toEqual(["m0", "m1", "m2", "m3", "m4", "m5"]);
    await consumer.close();
    expect(await run).toEqual({ handled: 6, released: 0, unsettled: 0, abandoned: 0 });
    expect(queue.isClosed).toBe(true);
  });

  test("releases with the policy's delay when the handler throws, and hands over again", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { retry: { delay: "30s" } } });
    queue.put("m");
    const attempts: number[] = [];
    const run = consumer.run((_message, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error("not yet");
    });
    await clock.advance("61s");

    expect(attempts).toEqual([1, 2, 3]);
    expect(queue.released.map(({ delayMs, cause }) => ({ delayMs, cause }))).toEqual([
      { delayMs: 30_000, cause: "retry" },
      { delayMs: 30_000, cause: "retry" },
    ]);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("retries after the delay of a RetryError", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const run = consumer.run((_message, { attempt }) => {
      if (attempt === 1) throw new RetryError({ delay: "7m" });
    });
    await clock.settle();
    expect(queue.released[0]?.delayMs).toBe(420_000);
    await clock.advance("7m");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("dead-letters when the attempts are spent, after exactly so many runs", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      options: { retry: { attempts: 3, delay: "1s" } },
    });
    queue.put("m");
    const last: boolean[] = [];
    const run = consumer.run((_message, context) => {
      last.push(context.isLastAttempt);
      throw new TypeError("broken");
    });
    await clock.advance("10m");

    expect(last).toEqual([false, false, true]);
    expect(queue.dead.map(({ deadReason, deadDescription }) => [deadReason, deadDescription])).toEqual([
      ["ATTEMPTS_SPENT", "TypeError: broken"],
    ]);
    expect(events.of("dead-lettered")).toMatchObject([{ id: "m", reason: "ATTEMPTS_SPENT", attempt: 3 }]);
    await consumer.close();
    await run;
  });

  test("dead-letters at once on a DeadLetterError", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const run = consumer.run(() => {
      throw new DeadLetterError("no such customer");
    });
    await clock.settle();
    expect(queue.dead[0]?.deadReason).toBe("no such customer");
    expect(queue.dead[0]?.handOvers).toBe(1);
    await consumer.close();
    await run;
  });
});

describe("a handler that fails in odd ways", () => {
  test.each([["a string"], [undefined], [null], [42], [Symbol("s")], [Object.create(null)]])(
    "is retried after throwing %s",
    async (thrown) => {
      const { clock, queue, consumer } = consumerBench({ options: { retry: { delay: "1s" } } });
      queue.put("m");
      const run = consumer.run((_message, { attempt }) => {
        // oxlint-disable-next-line typescript/only-throw-error -- the point of the test
        if (attempt === 1) throw thrown;
      });
      await clock.advance("2s");
      expect(queue.acked).toEqual(["m"]);
      await consumer.close();
      await run;
    },
  );

  test.each([
    ["an error whose name is no text", Object.assign(new Error("odd"), { name: Symbol("odd") })],
    [
      "an error whose text throws",
      Object.defineProperty(new Error("x"), "message", {
        get() {
          throw new Error("no text");
        },
      }),
    ],
    ["an object without a text", Object.create(null)],
  ])("is dead-lettered in the end after throwing %s", async (_, thrown) => {
    const { clock, queue, consumer } = consumerBench({
      options: { retry: { attempts: 2, delay: "1s" } },
    });
    queue.put("m");
    const run = consumer.run(() => {
      throw thrown;
    });
    await clock.advance("5s");
    expect(queue.dead).toMatchObject([{ id: "m", deadReason: "ATTEMPTS_SPENT", handOvers: 2 }]);
    await consumer.close();
    await run;
  });

  test("is stopped by its timeout, released, and its late result is reported and ignored", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      options: { handlerTimeout: "10s", retry: { delay: "5s" }, concurrency: 1 },
    });
    queue.put("m");
    let end: () => void = () => {};
    const reasons: unknown[] = [];
    const run = consumer.run(async (_message, { signal, attempt }) => {
      if (attempt > 1) return;
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await clock.advance("10s");
    expect(reasons).toMatchObject([{ code: "TIMEOUT" }]);
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 5_000, cause: "retry" }]);

    await clock.advance("5s");
    expect(queue.acked).toEqual(["m"]); // the first run goes on, but its permit is free again
    end();
    await clock.settle();
    expect(events.of("late-result")).toMatchObject([{ id: "m", result: "returned" }]);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    expect((await run).abandoned).toBe(0);
  });

  test("never resolving is dead-lettered by its timeouts once the attempts are spent", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { handlerTimeout: "10s", retry: { attempts: 2, delay: "1s" } },
    });
    queue.put("m");
    const run = consumer.run(async () => await new Promise(() => {}));
    await clock.advance("30s");
    expect(queue.dead).toMatchObject([{ id: "m", deadReason: "ATTEMPTS_SPENT", handOvers: 2 }]);
    const closed = consumer.close({ timeout: "1s" });
    await clock.advance("3s");
    expect(await closed).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 2 });
    await run;
  });

  test("never resolving without a timeout is ended by the longest hold", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { retry: { delay: "1m" } } });
    queue.put("m");
    const reasons: unknown[] = [];
    const run = consumer.run(async (_message, { signal, attempt }) => {
      if (attempt > 1) return;
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      await new Promise(() => {});
    });
    await clock.advance("59m");
    expect(queue.released).toEqual([]);
    await clock.advance("2m");
    expect(reasons).toMatchObject([{ code: "LEASE_LOST" }]);
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 60_000 }]);
    await clock.advance("1m");
    expect(queue.acked).toEqual(["m"]);
    const closed = consumer.close({ timeout: "1s" });
    await clock.advance("3s");
    await closed;
    await run;
  });
});

describe("the retry policy", () => {
  test("may be a function of the attempt, may dead-letter, and is contained when it throws", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      options: {
        retry: {
          attempts: "unlimited",
          delay: (attempt) => {
            if (attempt === 1) return "3s";
            if (attempt === 2) throw new Error("bad policy");
            if (attempt === 3) return "soon" as "1s";
            return "dead-letter";
          },
        },
      },
    });
    queue.put("m");
    const run = consumer.run(() => {
      throw new Error("always");
    });
    await clock.advance("1h");
    // Exponential back-off, at half of its bound: 1 s after the second failure, 2 s after the third.
    expect(queue.released.map(({ delayMs }) => delayMs)).toEqual([3_000, 1_000, 2_000]);
    expect(events.of("listener-error")).toHaveLength(2);
    expect(queue.dead).toMatchObject([{ deadReason: "RETRY_POLICY", handOvers: 4 }]);
    await consumer.close();
    await run;
  });

  test("keeps the attempts of a message without end where they are unlimited", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { retry: { attempts: "unlimited", delay: "1s" } },
    });
    queue.put("m");
    const run = consumer.run((_message, { isLastAttempt, attempt }) => {
      expect(isLastAttempt).toBe(false);
      if (attempt <= 20) throw new Error("again");
    });
    await clock.advance("1m");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("judges attempts only after a failure on this delivery: hand-overs alone dead-letter nothing", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { retry: { attempts: 3 } } });
    queue.put("m", {}, { deliveryCount: 17 });
    const run = consumer.run(() => undefined);
    await clock.settle();
    expect(queue.acked).toEqual(["m"]);
    expect(queue.dead).toEqual([]);
    await consumer.close();
    await run;
  });
});
