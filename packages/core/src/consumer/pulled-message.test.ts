import { describe, expect, test } from "vitest";
import { aliveClock } from "../../test/alive-clock.ts";
import { consumerBench } from "../../test/consumer-bench.ts";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import { createVirtualClock } from "../time/virtual-clock.ts";

describe("a received message", () => {
  test("of a queue that cannot delay waits here for its retry; a close gives it back and ends that wait", async () => {
    const { clock, queue, consumer } = consumerBench({ capabilities: { releaseDelay: "none" } });
    queue.put("m");
    const [message] = await consumer.receive();
    let isRetried = false;
    const retried = message?.retry("45s").then(() => {
      isRetried = true;
    });
    await clock.advance("44s");
    expect([isRetried, queue.released]).toEqual([false, []]);
    const closed = consumer.close();
    await clock.settle();
    expect(await closed).toEqual({ handled: 0, released: 1, unsettled: 0, abandoned: 0 });
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
    expect(isRetried).toBe(true);
    await retried;
  });

  test("of a queue that cannot delay is given back when its delay is over", async () => {
    const { clock, queue, consumer } = consumerBench({ capabilities: { releaseDelay: "none" } });
    queue.put("m");
    const [message] = await consumer.receive();
    const retried = message?.retry("45s");
    await clock.advance("45s");
    await retried;
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
    await consumer.close();
  });

  test.each(["retry", "dead-letter late"])("that is acked says so where %s comes after it", async (text) => {
    const { queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    await message?.ack();
    const second = text === "retry" ? message?.retry() : message?.deadLetter("late");
    await expect(second).rejects.toMatchObject({
      code: "ALREADY_SETTLED",
      target: "fake://here/orders",
      message: expect.stringContaining(`${text} after ack`),
    });
    await consumer.close();
  });

  test("with a delay that is none is refused, and can still be acked", async () => {
    const { queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    await expect(message?.retry("soon" as "1s")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("retry"),
    });
    await message?.ack();
    expect(queue.acked).toEqual(["m"]);
    await consumer.close();
  });

  test("that was lost says why to every settlement, and disposes without a word", async () => {
    const { queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    queue.options?.events.leasesLost("all", new FakeServiceError({ code: "LEASE_LOST", retryable: false }));
    await expect(message?.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await message?.[Symbol.asyncDispose]();
    expect([queue.count("ack"), queue.count("release")]).toEqual([0, 0]);
    await consumer.close();
  });

  test("whose release fails disposes without a word", async () => {
    const { clock, queue, consumer, events } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    queue.failNext("release", () => {
      throw new FakeServiceError({ code: "INTERNAL", retryable: false });
    });
    await message?.[Symbol.asyncDispose]();
    await clock.settle();
    expect(events.of("settle-failed")).toMatchObject([{ id: "m", kind: "release" }]);
    await consumer.close();
  });

  test("whose ack fails rejects with the error", async () => {
    const { queue, consumer } = consumerBench();
    queue.put("m");
    const [message] = await consumer.receive();
    queue.failNext("ack", () => {
      throw new FakeServiceError({ code: "INTERNAL", retryable: false });
    });
    await expect(message?.ack()).rejects.toMatchObject({ code: "INTERNAL", operation: "ack" });
    await consumer.close();
  });

  test.each(["ack", "retry", Symbol.asyncDispose] as const)(
    "keeps the process alive until its %s is confirmed, also between two tries",
    async (settle) => {
      const clock = createVirtualClock();
      const alive = aliveClock(clock);
      const { queue, consumer } = consumerBench({ setup: { clock: alive } });
      queue.put("m");
      const [message] = await consumer.receive();
      if (message === undefined) throw new Error("nothing was received");
      expect(alive.keptAlive).toBe(0);
      queue.failNext(settle === "ack" ? "ack" : "release", () => {
        throw new FakeServiceError({ code: "UNAVAILABLE", retryable: true });
      });
      const settled = message[settle]();
      await clock.settle();
      // The request has failed, and the next is not out: only this timer is left of it.
      expect(alive.keptAlive).toBe(1);
      await clock.advance("5s");
      await settled;
      expect(alive.keptAlive).toBe(0);
      await consumer.close();
    },
  );
});
