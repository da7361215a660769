import { describe, expect, test } from "vitest";
import type { ReceivedMessage } from "../src/queue-consumer.ts";
import { consumerBench, errorOf, type BenchOptions, type ConsumerBench } from "./consumer-bench.ts";
import { FakeServiceError } from "./fake-adapter.ts";
import { loses, AMBIGUOUS, throws } from "./fake-faults.ts";

async function received(
  options: BenchOptions = {},
): Promise<ConsumerBench & { message: ReceivedMessage<unknown> }> {
  const bench = consumerBench(options);
  bench.queue.put("m", { total: 42 });
  const [message] = await bench.consumer.receive();
  if (message === undefined) throw new Error("nothing was received");
  return { ...bench, message };
}

describe("receive", () => {
  test("hands over up to max messages, at once if there are any", async () => {
    const { queue, consumer } = consumerBench();
    for (let index = 0; index < 7; index += 1) queue.put(`m${index}`, { index });
    const first = await consumer.receive({ max: 5 });
    expect(first.map(({ id, body, attempt }) => [id, body, attempt])).toEqual(
      [0, 1, 2, 3, 4].map((index) => [`m${index}`, { index }, 1]),
    );
    expect(await consumer.receive({ max: 5 })).toHaveLength(2);
    expect(await consumer.receive({ max: 5 })).toEqual([]);
    await consumer.close();
  });

  test("waits for the first message, over several asks if need be, and comes back empty", async () => {
    const { clock, queue, consumer } = consumerBench();
    const waiting = consumer.receive({ wait: "50s" });
    await clock.advance("45s");
    queue.put("m");
    await clock.settle();
    expect((await waiting).map(({ id }) => id)).toEqual(["m"]);
    const empty = consumer.receive({ wait: "50s" });
    await clock.advance("50s");
    expect(await empty).toEqual([]);
    const closed = consumer.close();
    await clock.settle();
    await closed;
  });

  test("that is aborted rejects with the signal's own reason and gives back what came", async () => {
    const { clock, queue, consumer } = consumerBench();
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = consumer.receive({ wait: "20s", signal: controller.signal });
    await clock.settle();
    controller.abort(reason);
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED", cause: reason });
    await expect(consumer.receive({ signal: controller.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(queue.count("receive")).toBe(1);
    await consumer.close();
  });

  test.each([
    [{ max: 0 }, "receive.max"],
    [{ max: "3" as never }, "receive.max: expected a whole number from 1, got string"],
    [{ max: 1.5 }, "receive.max"],
    [{ wait: "soon" }, "receive.wait"],
    [{ maxx: 3 }, 'did you mean "max"'],
  ])("refuses %o", async (options, text) => {
    const { consumer } = consumerBench();
    await expect(consumer.receive(options as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(text),
    });
  });

  test("rejects with the driver's error, and works again afterwards", async () => {
    const { queue, consumer } = consumerBench();
    queue.openFailures = [new FakeServiceError({ code: "NOT_FOUND", retryable: false })];
    await expect(consumer.receive()).rejects.toMatchObject({ code: "NOT_FOUND", operation: "open" });
    queue.failNext("receive", throws({ code: "THROTTLED", retryable: true }));
    await expect(consumer.receive()).rejects.toMatchObject({ code: "THROTTLED", operation: "receive" });
    queue.put("m");
    expect(await consumer.receive()).toHaveLength(1);
    await consumer.close();
  });

  test("dead-letters what cannot be decoded and hands over the rest", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("bad", new TextEncoder().encode("{"));
    queue.put("good");
    const messages = await consumer.receive({ max: 10 });
    expect(messages.map(({ id }) => id)).toEqual(["good"]);
    await clock.settle();
    expect(queue.dead).toMatchObject([{ id: "bad", deadReason: "INVALID_MESSAGE" }]);
    await consumer.close();
  });
});

describe("a received message", () => {
  test("is acked when the provider confirmed", async () => {
    const { clock, queue, consumer, message } = await received();
    let confirm: () => void = () => {};
    queue.failNext("ack", async (applied) => {
      await new Promise<void>((resolve) => {
        confirm = resolve;
      });
      return applied();
    });
    let isAcked = false;
    const acked = message.ack().then(() => {
      isAcked = true;
    });
    await clock.settle();
    expect(isAcked).toBe(false);
    confirm();
    await acked;
    expect(queue.acked).toEqual(["m"]);
    expect(await consumer.close()).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
  });

  test("acked twice is one call of the driver", async () => {
    const { queue, consumer, message } = await received();
    await Promise.all([message.ack(), message.ack()]);
    await message.ack();
    expect(queue.count("ack")).toBe(1);
    await consumer.close();
  });

  test.each([
    ["ack", "retry", async (one: ReceivedMessage<unknown>) => await one.retry()],
    ["ack", "dead-letter", async (one: ReceivedMessage<unknown>) => await one.deadLetter("late")],
  ])("settled by %s refuses %s", async (_first, _second, second) => {
    const { queue, consumer, message } = await received();
    const first = message.ack();
    await expect(second(message)).rejects.toMatchObject({ code: "ALREADY_SETTLED" });
    await first;
    expect(queue.acked).toEqual(["m"]);
    expect(queue.released).toEqual([]);
    await consumer.close();
  });

  test("retried refuses an ack, and another delay", async () => {
    const { queue, consumer, message } = await received();
    await message.retry("1m");
    await expect(message.ack()).rejects.toMatchObject({ code: "ALREADY_SETTLED" });
    await expect(message.retry("2m")).rejects.toMatchObject({ code: "ALREADY_SETTLED" });
    await message.retry("1m");
    expect(queue.released).toMatchObject([{ delayMs: 60_000, cause: "retry" }]);
    await consumer.close();
  });

  test("is retried by the policy without a delay, and dead-lettered when its attempts are spent", async () => {
    const { clock, queue, consumer } = consumerBench({ options: { retry: { attempts: 2, delay: "3s" } } });
    queue.put("m");
    const [first] = await consumer.receive();
    await first?.retry();
    expect(queue.released).toMatchObject([{ delayMs: 3_000 }]);
    await clock.advance("3s");
    const [second] = await consumer.receive();
    expect(second?.isLastAttempt).toBe(true);
    await second?.retry();
    expect(queue.dead).toMatchObject([{ id: "m", deadReason: "ATTEMPTS_SPENT" }]);
    await consumer.close();
  });

  test("is dead-lettered with its reason", async () => {
    const { queue, consumer, message } = await received();
    await message.deadLetter("no such order");
    expect(queue.dead).toMatchObject([{ id: "m", deadReason: "no such order" }]);
    await consumer.close();
  });

  test("says so when it could not be dead-lettered", async () => {
    const { clock, consumer, message } = await received({
      capabilities: { deadLetter: "none" },
      options: { deadLetter: "none" },
    });
    const failure = errorOf(message.deadLetter("no such order"));
    await clock.settle();
    expect(await failure).toMatchObject({ code: "UNSUPPORTED", feature: "deadLetter" });
    await consumer.close();
  });

  test("keeps its lease until it is settled", async () => {
    const { clock, queue, consumer, message } = await received();
    await clock.advance("5m");
    expect(queue.messages[0]?.handOvers).toBe(1);
    await message.ack();
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
  });

  test("refuses to be acked after its lease may have run out", async () => {
    const { clock, queue, consumer, message } = await received();
    clock.suspend(90_000);
    await expect(message.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await expect(message.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(message.signal.aborted).toBe(true);
    expect(queue.count("ack")).toBe(0);
    await consumer.close();
  });

  test("is given back when it was held as long as it may be", async () => {
    const { clock, queue, consumer, message } = await received();
    await clock.advance("61m");
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0 }]);
    await expect(message.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await consumer.close();
  });

  test("whose ack is ambiguous at first is acked once, as far as its owner sees", async () => {
    const { clock, queue, consumer, message } = await received();
    queue.failNext("ack", loses(AMBIGUOUS));
    const acked = message.ack();
    await clock.advance("1s");
    expect(await errorOf(acked)).toBeUndefined();
    expect(queue.count("ack")).toBe(2);
    await consumer.close();
  });

  test("is released when it is disposed unsettled, and left alone when settled", async () => {
    const { queue, consumer } = consumerBench();
    queue.put("left");
    queue.put("done");
    {
      await using first = (await consumer.receive())[0] ?? null;
      await using second = (await consumer.receive())[0] ?? null;
      expect(first?.id).toBe("left");
      await second?.ack();
    }
    expect(queue.released).toMatchObject([{ id: "left", delayMs: 0, cause: "unstarted" }]);
    expect(queue.acked).toEqual(["done"]);
    await consumer.close();
  });

  test("is refused after it was disposed", async () => {
    const { consumer, message } = await received();
    await message[Symbol.asyncDispose]();
    await message[Symbol.asyncDispose]();
    await expect(message.ack()).rejects.toMatchObject({ code: "ALREADY_SETTLED" });
    await consumer.close();
  });

  test("is given back when the consumer closes", async () => {
    const { queue, consumer, message } = await received();
    expect(await consumer.close()).toEqual({ handled: 0, released: 1, unsettled: 0, abandoned: 0 });
    expect(queue.released).toMatchObject([{ id: "m" }]);
    await expect(message.ack()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(queue.isClosed).toBe(true);
  });
});

test("a receive that pauses between empty answers ends with its signal", async () => {
  const { clock, consumer } = consumerBench({
    driver: (one) => Object.assign(one, { receiveBatch: async () => [] }),
  });
  const stop = new AbortController();
  let error: unknown = "waits";
  void errorOf(consumer.receive({ wait: "20s", signal: stop.signal })).then((thrown) => (error = thrown));
  await clock.settle();
  stop.abort();
  await clock.settle();
  expect(error).toMatchObject({ code: "CANCELLED" });
  expect(clock.now()).toBe(0);
  await consumer.close();
});

test("a driver that answers at once with nothing is not asked without a pause", async () => {
  let asks = 0;
  const receiveBatch = async (): Promise<readonly []> => {
    asks += 1;
    if (asks > 1_000) await new Promise(() => {});
    return [];
  };
  const { clock, consumer } = consumerBench({ driver: (one) => Object.assign(one, { receiveBatch }) });
  const received = consumer.receive({ wait: "20s" });
  await clock.advance("19s");
  expect(asks).toBeLessThan(40);
  await clock.advance("1s");
  expect(await received).toEqual([]);
  await consumer.close();
});
