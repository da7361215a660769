import { describe, expect, test } from "vitest";
import { QueueError } from "../src/index.ts";
import { consumerBench } from "./consumer-bench.ts";

describe("where the service cannot delay a retry", () => {
  test("the core holds the lease for the delay and releases then; the permit is free meanwhile", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { concurrency: 1, retry: { delay: "45s" } },
      limits: { lease: { minMs: 0, maxMs: 10_000, totalMs: 3_600_000 } },
    });
    queue.put("m");
    queue.put("n");
    const seen: string[] = [];
    const run = consumer.run((message, { attempt }) => {
      seen.push(`${message.id}/${attempt}`);
      if (message.id === "m" && attempt === 1) throw new Error("later");
    });
    await clock.advance("44s");
    expect(queue.released).toEqual([]);
    expect(queue.leased).toBe(1);
    await clock.advance("2s");
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
    expect(seen).toContain("m/2");
    await consumer.close();
    await run;
  });

  test("others are handled meanwhile, and what is held beside them is bounded", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { concurrency: 2, prefetch: 0, retry: { delay: "45s" } },
    });
    for (let index = 0; index < 50; index += 1) queue.put(`bad${index}`);
    queue.put("good");
    const done: string[] = [];
    const run = consumer.run(({ id }) => {
      if (id.startsWith("bad")) throw new Error("later");
      done.push(id);
    });
    await clock.advance("5s");
    // Two replies of ten messages each, and the two that may run.
    expect([queue.leased, queue.mostAsksOut]).toEqual([22, 1]);
    expect(Math.max(...queue.flows.map(({ maxOutstanding }) => maxOutstanding))).toBe(22);
    queue.messages = queue.messages.filter(({ id, handle }) => id === "good" || handle !== undefined);
    queue.expire("good");
    await clock.advance("41s");
    await clock.advance("2s");
    expect(done).toEqual(["good"]);
    expect(queue.flows.at(-1)?.maxOutstanding).toBeGreaterThanOrEqual(2);
    await consumer.close();
    await run;
  });

  test("one that waits keeps nobody else from the only permit", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { concurrency: 1, retry: { delay: "45s" } },
    });
    for (const id of ["bad", "good1", "good2"]) queue.put(id);
    const done: string[] = [];
    const run = consumer.run(({ id }) => {
      if (id === "bad") throw new Error("later");
      done.push(id);
    });
    await clock.advance("20ms");
    expect(done).toEqual(["good1", "good2"]);
    expect(queue.flows).toEqual([
      { maxOutstanding: 1, lanes: 1 },
      { maxOutstanding: 2, lanes: 2 },
    ]);
    await consumer.close();
    await run;
  });

  test("the back-off is capped at a minute", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { retry: { attempts: "unlimited" } },
      setup: { random: () => 0.999_999 },
    });
    queue.put("m", {}, { deliveryCount: 30 });
    const startsMs: number[] = [];
    const run = consumer.run(() => {
      startsMs.push(clock.now());
      throw new Error("always");
    });
    await clock.advance("121s");
    expect(startsMs).toEqual([0, 60_000, 120_000]);
    await consumer.close();
    await run;
  });

  test("a drain gives back what is held at once", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { releaseDelay: "none" },
      options: { retry: { delay: "45s" } },
    });
    queue.put("m");
    const run = consumer.run(() => {
      throw new Error("later");
    });
    await clock.settle();
    expect(await consumer.close()).toEqual({ handled: 0, released: 1, unsettled: 0, abandoned: 0 });
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
    await run;
  });

  test("and where it takes nothing back, a failed message waits for the end of its lease", async () => {
    const { clock, queue, consumer } = consumerBench({
      capabilities: { release: "none", releaseDelay: "none" },
    });
    queue.put("m");
    const run = consumer.run((_message, { attempt }) => {
      if (attempt === 1) throw new Error("later");
    });
    await clock.advance("59s");
    expect(queue.count("release")).toBe(0);
    await clock.advance("2s");
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });
});

describe("where the service delays messages but no redeliveries, and emulation is allowed", () => {
  const LONG = {
    capabilities: { releaseDelay: "none", sendDelay: { maxMs: 86_400_000 }, ordering: "none" },
    emulate: ["delay"],
    options: { retry: { attempts: 3, delay: "10m" } },
  } as const;

  test("a longer delay is a copy that is due later; the original is acked only when the copy is confirmed", async () => {
    const { clock, queue, deadLetters, events, consumer } = consumerBench(LONG);
    queue.put("m", {}, { attributes: { tenant: "acme" } });
    const run = consumer.run(() => {
      throw new Error("later");
    });
    await clock.settle();
    const [[copy] = []] = deadLetters.calls;
    expect(copy).toMatchObject({ id: "m", attributes: { tenant: "acme", "aq-at": "1" } });
    expect(copy?.deliverAtMs).toBe(clock.wallNow() + 600_000);
    expect(queue.acked).toEqual(["m"]);
    expect(queue.released).toEqual([]);
    expect(events.of("dead-lettered")).toEqual([]);
    expect(await consumer.close()).toMatchObject({ handled: 0 });
    await run;
  });

  test("a copy goes on counting where the message left off, and is dead-lettered when its attempts are spent", async () => {
    const { clock, queue, events, consumer } = consumerBench(LONG);
    queue.put("m", {}, { attributes: { "aq-at": "2" } });
    const attempts: number[] = [];
    const run = consumer.run((_message, { attempt, isLastAttempt }) => {
      attempts.push(attempt);
      expect(isLastAttempt).toBe(true);
      throw new Error("never");
    });
    await clock.settle();
    expect(attempts).toEqual([3]);
    expect(events.of("dead-lettered")).toMatchObject([{ id: "m", attempt: 3 }]);
    await consumer.close();
    await run;
  });

  test("a copy that is not confirmed acks nothing: the lease is kept for a minute and the message comes again", async () => {
    const refused = { ok: false, error: new QueueError("UNAVAILABLE", { what: "no" }) } as const;
    const { clock, queue, consumer } = consumerBench({
      ...LONG,
      deadLetters: async (messages) => messages.map(() => refused),
    });
    queue.put("m");
    const run = consumer.run((_message, { attempt }) => {
      if (attempt === 1) throw new Error("later");
    });
    await clock.advance("59s");
    expect([queue.acked, queue.released]).toEqual([[], []]);
    await clock.advance("2s");
    expect(queue.released).toMatchObject([{ id: "m" }]);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("a delay of a minute at most is still made of the lease", async () => {
    const { clock, queue, deadLetters, consumer } = consumerBench({
      ...LONG,
      options: { retry: { delay: "1m" } },
    });
    queue.put("m");
    const run = consumer.run((_message, { attempt }) => {
      if (attempt === 1) throw new Error("later");
    });
    await clock.advance("61s");
    expect(deadLetters.calls).toEqual([]);
    expect(queue.released).toMatchObject([{ id: "m" }]);
    await consumer.close();
    await run;
  });

  test("no copy is made where order is kept", async () => {
    const { clock, queue, deadLetters, consumer } = consumerBench({
      ...LONG,
      capabilities: { ...LONG.capabilities, ordering: "by-key" },
    });
    queue.put("m");
    const run = consumer.run((_message, { attempt }) => {
      if (attempt === 1) throw new Error("later");
    });
    await clock.advance("9m");
    expect(deadLetters.calls).toEqual([]);
    expect(queue.leased).toBe(1);
    await consumer.close();
    await run;
  });
});
