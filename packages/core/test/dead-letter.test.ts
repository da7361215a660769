import { describe, expect, test } from "vitest";
import { DeadLetterError } from "../src/errors/handler-errors.ts";
import { consumerBench, type BenchOptions } from "./consumer-bench.ts";
import { FakeServiceError, failed, FakeProducerDriver, FAKE_LIMITS } from "./fake-adapter.ts";
import { AMBIGUOUS, hangs, throws } from "./fake-faults.ts";

const COPY: BenchOptions = { capabilities: { deadLetter: "none" } };

const poison = (): never => {
  throw new DeadLetterError("bad address", { cause: new RangeError("street 0") });
};

describe("dead-lettering by copy", () => {
  test("sends everything the message had, with why it is dead, and acks then", async () => {
    const { clock, queue, deadLetters, consumer, events } = consumerBench(COPY);
    const body = new TextEncoder().encode('{"a":1}');
    queue.put("m", body, {
      orderingKey: "k",
      correlationId: "c-1",
      replyTo: "answers",
      subject: "s",
      contentType: "application/json",
      attributes: { tenant: "t", "aq-due": "1" },
      deliveryCount: 3,
      enqueuedAtMs: 1_700_000_000_000,
    });
    const run = consumer.run(poison);
    await clock.settle();
    expect(deadLetters.calls).toEqual([
      [
        {
          id: "m",
          body,
          contentType: "application/json",
          orderingKey: "k",
          correlationId: "c-1",
          replyTo: "answers",
          subject: "s",
          deduplicationId: "stored-m",
          attributes: {
            tenant: "t",
            "aq-dead-reason": "bad address",
            "aq-dead-description": "RangeError: street 0",
            "aq-dead-error": "RangeError",
            "aq-dead-source": "orders",
            "aq-dead-attempts": "3",
            "aq-dead-first": "1700000000000",
            "aq-dead-last": String(clock.wallNow()),
          },
        },
      ],
    ]);
    expect(queue.acked).toEqual(["m"]);
    expect(events.of("dead-lettered")).toMatchObject([{ id: "m", reason: "bad address", attempt: 3 }]);
    await consumer.close();
    expect(await run).toMatchObject({ handled: 1 });
    expect(deadLetters.isClosed).toBe(true);
  });

  test("bounds what an error may say", async () => {
    const { clock, queue, deadLetters, consumer } = consumerBench(COPY);
    queue.put("m");
    const run = consumer.run(() => {
      throw new DeadLetterError("ü".repeat(5_000), { cause: new Error("x".repeat(100_000)) });
    });
    await clock.settle();
    const attributes = deadLetters.calls[0]?.[0]?.attributes ?? {};
    expect(Buffer.byteLength(attributes["aq-dead-description"] ?? "")).toBeLessThanOrEqual(1_024);
    expect(attributes["aq-dead-reason"]).toBe("ü".repeat(128));
    await consumer.close();
    await run;
  });

  test("that fails acks nothing: the message is released and comes again", async () => {
    let isDown = true;
    const { clock, queue, consumer, events } = consumerBench({
      ...COPY,
      deadLetters: async (messages) =>
        messages.map(() =>
          isDown ? failed({ code: "THROTTLED", retryable: true }) : { ok: true, value: { providerId: "d" } },
        ),
    });
    queue.put("m");
    const run = consumer.run(poison);
    await clock.settle();
    expect(queue.acked).toEqual([]);
    expect(events.of("dead-letter-failed")).toMatchObject([{ id: "m", error: { code: "THROTTLED" } }]);
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 500, cause: "retry" }]);
    isDown = false;
    await clock.advance("1s");
    expect(queue.acked).toEqual(["m"]);
    expect(events.of("dead-lettered")).toHaveLength(1);
    await consumer.close();
    await run;
  });

  test("whose ack fails is remembered: no second copy, no second run", async () => {
    const { clock, queue, deadLetters, consumer } = consumerBench(COPY);
    queue.put("m");
    queue.failNext("ack", throws({ code: "INTERNAL", retryable: false }));
    let runs = 0;
    const run = consumer.run(() => {
      runs += 1;
      poison();
    });
    await clock.advance("61s");
    expect(runs).toBe(1);
    expect(deadLetters.calls).toHaveLength(1);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("whose lease ends while the copy is on its way is remembered too", async () => {
    const { clock, queue, deadLetters, consumer } = consumerBench({
      ...COPY,
      deadLetters: async (messages) => {
        queue.options?.events.leasesLost("all", new Error("gone"));
        return await Promise.resolve(messages.map(() => ({ ok: true, value: { providerId: "d" } })));
      },
    });
    queue.put("m");
    const run = consumer.run(poison);
    await clock.advance("61s");
    expect(deadLetters.calls).toHaveLength(1);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("that is never answered is given up, and the message is kept", async () => {
    const { clock, queue, consumer, events } = consumerBench({
      ...COPY,
      deadLetters: async () => await new Promise(() => {}),
    });
    queue.put("m");
    const run = consumer.run(poison);
    await clock.advance("15s");
    expect(events.of("dead-letter-failed")).toMatchObject([{ error: { code: "TIMEOUT", ambiguous: true } }]);
    expect(queue.released).toMatchObject([{ id: "m" }]);
    const closed = consumer.close({ timeout: "0ms" });
    await clock.advance("30s");
    await closed;
    await run;
  });

  test("drops the description of a message at the limit, then falls back to the native redrive", async () => {
    const { clock, queue, deadLetters, consumer, events } = consumerBench({
      ...COPY,
      limits: { maxMessageBytes: 600 },
    });
    queue.put("fits", new TextEncoder().encode(JSON.stringify("x".repeat(200))));
    queue.put("never", new TextEncoder().encode(JSON.stringify("x".repeat(580))));
    const run = consumer.run(() => {
      throw new DeadLetterError("big", { cause: new Error("y".repeat(900)) });
    });
    await clock.settle();
    expect(deadLetters.sentIds).toEqual([["fits"]]);
    expect(deadLetters.calls[0]?.[0]?.attributes["aq-dead-description"]).toBeUndefined();
    expect(deadLetters.calls[0]?.[0]?.attributes["aq-dead-reason"]).toBe("big");
    expect(events.of("dead-letter-failed")).toMatchObject([
      { id: "never", error: { code: "MESSAGE_TOO_LARGE", limitBytes: 600 } },
    ]);
    expect(queue.released).toMatchObject([{ id: "never" }]);
    await consumer.close();
    await run;
  });

  test("gathers copies within the limits of the dead-letter queue", async () => {
    const { clock, queue, deadLetters, consumer } = consumerBench({
      ...COPY,
      options: { concurrency: 30 },
      limits: { receive: { ...FAKE_LIMITS.receive, parallel: 5 } },
    });
    for (let index = 0; index < 30; index += 1) queue.put(`m${index}`);
    const run = consumer.run(poison);
    await clock.settle();
    expect(deadLetters.sentIds.flat()).toHaveLength(30);
    expect(deadLetters.sentIds.every((ids) => ids.length <= 10)).toBe(true);
    expect(queue.acked).toHaveLength(30);
    await consumer.close();
    await run;
  });
});

describe("without a way to the dead letters", () => {
  test("a consumer refuses to start", async () => {
    const { consumer, queue } = consumerBench({ ...COPY, setup: { deadLetterTarget: undefined as never } });
    await expect(consumer.run(() => undefined)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      feature: "deadLetter",
    });
    expect(queue.calls).toEqual([]);
  });

  test("a dead-letter queue that is missing is fatal at the start, with its remedy", async () => {
    class Missing extends FakeProducerDriver {
      override async open(): Promise<void> {
        throw new FakeServiceError({ code: "NOT_FOUND", retryable: false });
      }
    }
    const bench = consumerBench(COPY);
    const missing = new Missing();
    const { consumer, queue } = consumerBench({
      ...COPY,
      setup: {
        adapter: {
          ...bench.adapter,
          openProducer: () => missing,
        },
      },
    });
    await expect(consumer.run(() => undefined)).rejects.toMatchObject({
      code: "NOT_FOUND",
      target: "fake://here/orders-dead",
      message: expect.stringContaining('deadLetter: "none"'),
    });
    expect(missing.isClosed).toBe(true);
    expect(queue.calls).toEqual([]);
  });

  test('with deadLetter "none" a message whose attempts are spent stays: late, reported, never deleted', async () => {
    const { clock, queue, consumer, events } = consumerBench({
      ...COPY,
      options: { deadLetter: "none", retry: { attempts: 2, delay: "1s" } },
    });
    queue.put("m");
    const last: boolean[] = [];
    const run = consumer.run((_message, { isLastAttempt }) => {
      last.push(isLastAttempt);
      throw new Error("always");
    });
    await clock.advance("11m");
    expect(queue.released.map(({ delayMs }) => delayMs)).toEqual([1_000, 300_000, 300_000, 300_000]);
    expect(events.of("dead-letter-failed")).toHaveLength(3);
    expect(last).not.toContain(true);
    expect(queue.messages.map(({ id }) => id)).toEqual(["m"]);
    await consumer.close();
    await run;
  });

  test("dead letters themselves have no budget and go nowhere", async () => {
    const { clock, queue, consumer } = consumerBench({
      details: { kind: "dead-letter" },
      options: { retry: { attempts: 2, delay: "1s" } },
    });
    queue.put("m", {}, { attributes: { "aq-exp": "1", "aq-dead-reason": "old" } });
    const reasons: (string | undefined)[] = [];
    const run = consumer.run((message, { attempt, isLastAttempt }) => {
      reasons.push(message.deadLettered?.reason);
      expect(isLastAttempt).toBe(false);
      expect(message.body).toBeInstanceOf(Uint8Array);
      if (attempt < 6) throw new Error("again");
    });
    await clock.advance("10s");
    expect(reasons).toEqual(["old", "old", "old", "old", "old", "old"]);
    expect(queue.dead).toEqual([]);
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
    await run;
  });
});

describe("native dead-lettering", () => {
  test("never goes out with an empty reason", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    const run = consumer.run(() => {
      throw new DeadLetterError("");
    });
    await clock.settle();
    expect(queue.dead).toMatchObject([{ id: "m", deadReason: "UNSPECIFIED" }]);
    await consumer.close();
    await run;
  });

  test("that fails for a time is repeated", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("m");
    queue.failNext("deadLetter", throws(AMBIGUOUS), hangs);
    const run = consumer.run(poison);
    await clock.advance("20s");
    expect(queue.dead).toMatchObject([
      { id: "m", deadReason: "bad address", deadDescription: "RangeError: street 0" },
    ]);
    await consumer.close();
    await run;
  });
});
