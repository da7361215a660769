import { describe, expect, test } from "vitest";

import type { ErrorClass } from "../src/driver/driver.ts";
import { isQueueError } from "../src/errors/queue-error.ts";
import {
  confirmAll,
  confirmed,
  failed,
  FakeProducerDriver,
  FakeServiceError,
  type SendScript,
} from "./fake-adapter.ts";
import { KEYED, producerBench, SEND_TIMEOUT_MS } from "./producer-bench.ts";

const THROTTLED: ErrorClass = { code: "THROTTLED", retryable: true };
const LOST: ErrorClass = { code: "CONNECTION_LOST", retryable: true, ambiguous: true };
const DENIED: ErrorClass = { code: "ACCESS_DENIED", retryable: false };

/** Fails the named messages in the first `times` calls. */
function failing(ids: readonly string[], errorClass: ErrorClass, times = 1): SendScript {
  return async (messages, _signal, call) =>
    messages.map((message) =>
      ids.includes(message.id) && call <= times ? failed(errorClass) : confirmed(message),
    );
}

/** Throws on every call. */
function throwing(errorClass: ErrorClass, times = Infinity): SendScript {
  return async (messages, _signal, call) => {
    if (call > times) return await confirmAll(messages);
    throw new FakeServiceError(errorClass);
  };
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.catch((error: unknown) => error);
}

describe("trying again", () => {
  test("sends only the failed message again, the others are confirmed at once", async () => {
    const { producer, driver, clock, events } = producerBench({ script: failing(["b"], THROTTLED) });
    const sends = ["a", "b", "c"].map(async (id) => await producer.send(1, { id }));
    await expect(sends[0]).resolves.toMatchObject({ id: "a" });
    await expect(sends[2]).resolves.toMatchObject({ id: "c" });
    await clock.advance("1s");
    await expect(sends[1]).resolves.toMatchObject({ id: "b" });
    expect(driver.sentIds).toEqual([["a", "b", "c"], ["b"]]);
    expect(events.of("send-retry")).toMatchObject([{ count: 1, attempt: 1, error: { code: "THROTTLED" } }]);
    expect(events.of("send").map(({ count, failed: faults }) => [count, faults])).toEqual([
      [3, 1],
      [1, 0],
    ]);
  });

  test("waits at least as long as the service asks", async () => {
    const { producer, driver, clock } = producerBench({
      script: failing(["a"], { ...THROTTLED, retryAfterMs: 3_000 }),
    });
    const sent = producer.send(1, { id: "a" });
    await clock.advance(2_999);
    expect(driver.calls).toHaveLength(1);
    await clock.advance(1);
    await expect(sent).resolves.toMatchObject({ id: "a" });
  });

  test("gives up with the service's own error when the next try would come too late", async () => {
    const { producer, driver, clock } = producerBench({
      script: throwing({ ...THROTTLED, retryAfterMs: 4_000 }),
    });
    const outcome = outcomeOf(producer.send(1));
    await clock.advance(SEND_TIMEOUT_MS);
    const error = await outcome;
    expect(error).toMatchObject({
      code: "THROTTLED",
      ambiguous: false,
      retryAfterMs: 4_000,
      operation: "send",
    });
    expect(driver.calls).toHaveLength(4);
  });

  test("a final refusal is not tried again, and names the vendor's error as its cause", async () => {
    const { producer, driver, clock } = producerBench({ script: throwing(DENIED) });
    const error = await outcomeOf(producer.send(1));
    await clock.advance("10s");
    expect(error).toMatchObject({ code: "ACCESS_DENIED", target: "fake://here/orders", provider: "fake" });
    expect(isQueueError(error) && error.cause).toBeInstanceOf(FakeServiceError);
    expect(driver.calls).toHaveLength(1);
  });

  test("aborting a message that waits for its next try ends it", async () => {
    const { producer, driver, clock } = producerBench({
      script: throwing({ ...THROTTLED, retryAfterMs: 1_000 }),
    });
    const controller = new AbortController();
    const outcome = outcomeOf(producer.send(1, { signal: controller.signal }));
    await clock.settle();
    controller.abort("enough");
    expect(await outcome).toMatchObject({ code: "CANCELLED", ambiguous: false });
    await clock.advance("10s");
    expect(driver.calls).toHaveLength(1);
  });

  test("close does not wait for the next try of a message that nobody waits for", async () => {
    const { producer, clock } = producerBench({ script: throwing({ ...THROTTLED, retryAfterMs: 5_000 }) });
    const controller = new AbortController();
    const outcome = outcomeOf(producer.send(1, { signal: controller.signal }));
    await clock.settle();
    controller.abort();
    await outcome;
    await producer.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test("a driver that cannot open yet is tried again; nothing of it is ambiguous", async () => {
    const driver = new FakeProducerDriver();
    let opens = 0;
    driver.open = async () => {
      opens += 1;
      if (opens < 3) throw new FakeServiceError({ ...LOST });
    };
    const { producer, clock, events } = producerBench({ driver });
    const sent = producer.send(1, { id: "a" });
    await clock.settle();
    expect(opens).toBe(1); // the next try waits for its turn
    await clock.advance("5s");
    await expect(sent).resolves.toMatchObject({ id: "a" });
    expect(events.of("send-retry")).toMatchObject([
      { count: 1, attempt: 1, error: { operation: "open", ambiguous: false } },
      { count: 1, attempt: 2 },
    ]);
  });

  // What is made anew in place of a deleted entity may keep nothing: the open looks at it.
  test("a driver whose entity is gone is opened again for the next send, and only then", async () => {
    const script = failing(["b"], { code: "NOT_FOUND", retryable: false }, 2);
    const { producer, driver } = producerBench({ script });
    await producer.send(1, { id: "a" });
    expect(await outcomeOf(producer.send(1, { id: "b" }))).toMatchObject({ code: "NOT_FOUND" });
    expect(driver.opens).toBe(1);
    await producer.send(1, { id: "c" });
    await producer.send(1, { id: "d" });
    expect(driver.opens).toBe(2);
  });

  test("a driver that may not open fails the send as it is", async () => {
    const driver = new FakeProducerDriver();
    driver.open = async () => {
      throw new FakeServiceError({ code: "NOT_FOUND", retryable: false });
    };
    const { producer } = producerBench({ driver });
    await expect(producer.send(1)).rejects.toMatchObject({
      code: "NOT_FOUND",
      operation: "open",
      ambiguous: false,
    });
  });
});

describe("failures that may have taken effect", () => {
  test("are not tried again where that could duplicate", async () => {
    const { producer, driver, clock } = producerBench({ script: throwing(LOST) });
    const outcome = outcomeOf(producer.send(1));
    await clock.advance("10s");
    expect(await outcome).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
    expect(driver.calls).toHaveLength(1);
  });

  test("are tried again with the same deduplication id where the service forgets duplicates", async () => {
    const { producer, driver, clock } = producerBench({
      capabilities: { deduplication: "window" },
      script: throwing(LOST, 1),
    });
    const sent = producer.send(1);
    await clock.advance("1s");
    await sent;
    const [first, second] = driver.calls.flat().map((message) => message.deduplicationId);
    expect(first).toBeDefined();
    expect(second).toBe(first);
  });

  test.each<readonly [when: string, sleeps: readonly [inFlight: boolean, beforeRetry: boolean]]>([
    ["while their answer was awaited", [true, false]],
    ["before their next try", [false, true]],
  ])("are not tried again if the machine slept %s: the id may be forgotten", async (_when, sleeps) => {
    const [inFlight, beforeRetry] = sleeps;
    const bench = producerBench({
      details: KEYED,
      capabilities: { deduplication: "window" },
      script: async (messages, signal, call) => {
        if (inFlight) bench.clock.suspend(360_000);
        return await throwing(LOST, 1)(messages, signal, call);
      },
    });
    const { producer, driver, clock } = bench;
    const outcome = outcomeOf(producer.send({ key: "k" }));
    await clock.settle();
    if (beforeRetry) clock.suspend(360_000);
    await clock.advance("5s");
    expect(await outcome).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
    // It may still arrive, so what follows it must wait for `resume`.
    expect(await outcomeOf(producer.send({ key: "k" }))).toMatchObject({ code: "UNAVAILABLE" });
    expect(driver.calls).toHaveLength(1);
  });

  test("are tried again after a sleep of the machine that ended before they were sent", async () => {
    const { producer, clock } = producerBench({
      capabilities: { deduplication: "window" },
      script: throwing(LOST, 1),
    });
    clock.suspend(360_000);
    const sent = producer.send(1);
    await clock.advance("5s");
    await expect(sent).resolves.toBeDefined();
  });

  test("are not tried again with retryAmbiguous never, deduplication or not", async () => {
    const { producer, driver, clock } = producerBench({
      capabilities: { deduplication: "window" },
      setup: { retryAmbiguous: "never" },
      script: throwing(LOST),
    });
    const outcome = outcomeOf(producer.send(1));
    await clock.advance("10s");
    expect(await outcome).toMatchObject({ ambiguous: true });
    expect(driver.calls).toHaveLength(1);
  });

  test("are always tried again with retryAmbiguous always", async () => {
    const { producer, clock } = producerBench({
      setup: { retryAmbiguous: "always" },
      script: throwing(LOST, 2),
    });
    const sent = producer.send(1);
    await clock.advance("10s");
    await expect(sent).resolves.toBeDefined();
  });

  test("leave a sendMany in doubt although the last of its messages is refused for good", async () => {
    const script: SendScript = async (messages) =>
      messages.map((message) => failed(message.id === "a" ? LOST : DENIED));
    const { producer } = producerBench({ script });
    const items = ["a", "b"].map((id) => ({ body: 1, id }));
    expect(await outcomeOf(producer.sendMany(items))).toMatchObject({
      code: "PARTIAL_SEND",
      ambiguous: true,
    });
    expect(await outcomeOf(producer.sendMany(items.slice(1)))).toMatchObject({ ambiguous: false });
  });

  test("make the final error ambiguous although the last failure was not", async () => {
    const script: SendScript = async (_messages, _signal, call) => {
      throw new FakeServiceError(call === 1 ? LOST : DENIED);
    };
    const { producer, clock } = producerBench({ capabilities: { deduplication: "window" }, script });
    const outcome = outcomeOf(producer.send(1));
    await clock.advance("10s");
    expect(await outcome).toMatchObject({
      code: "ACCESS_DENIED",
      ambiguous: true,
      cause: { code: "ACCESS_DENIED", ambiguous: false },
    });
  });

  test("stay ambiguous when the time is up before the next try", async () => {
    const script: SendScript = async (messages, _signal, call) => {
      if (call === 1) throw new FakeServiceError(LOST);
      return await new Promise(() => messages);
    };
    const { producer, clock } = producerBench({ capabilities: { deduplication: "window" }, script });
    const outcome = outcomeOf(producer.send(1));
    await clock.advance(SEND_TIMEOUT_MS);
    expect(await outcome).toMatchObject({
      code: "TIMEOUT",
      ambiguous: true,
      cause: { code: "CONNECTION_LOST" },
    });
  });
});
