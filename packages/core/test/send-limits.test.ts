import { describe, expect, test } from "vitest";

import type { Middleware } from "../src/middleware/middleware.ts";
import { confirmed, FakeProducerDriver } from "./fake-adapter.ts";
import {
  HeldAnswers,
  producerBench,
  SEND_TIMEOUT_MS,
  stateOf,
  type ProducerBench,
} from "./producer-bench.ts";

describe("aborting", () => {
  const reason = new Error("the user left");

  test("before dispatch sends nothing", async () => {
    const { producer, driver } = producerBench();
    const error: unknown = await producer
      .send(1, { signal: AbortSignal.abort(reason) })
      .catch((caught) => caught);
    expect(error).toMatchObject({ code: "CANCELLED", ambiguous: false, cause: reason, provider: "fake" });
    expect(driver.calls).toHaveLength(0);
  });

  test("while it waits for its batch sends nothing of it", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ script: answers.script });
    const controller = new AbortController();
    const first = producer.send(1, { id: "a" });
    await clock.settle();
    const second = producer.send(2, { id: "b", signal: controller.signal });
    await clock.settle();
    controller.abort(reason);
    await expect(second).rejects.toMatchObject({ code: "CANCELLED", ambiguous: false, cause: reason });
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await first;
    await producer.flush();
    await clock.settle();
    expect(driver.sentIds).toEqual([["a"]]);
  });

  test("in flight is ambiguous, and leaves the neighbours alone", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ script: answers.script });
    const controller = new AbortController();
    const aborted = producer.send(1, { id: "a", signal: controller.signal });
    const neighbour = producer.send(2, { id: "b" });
    await clock.settle();
    controller.abort(reason);
    await expect(aborted).rejects.toMatchObject({ code: "CANCELLED", ambiguous: true, cause: reason });
    expect(driver.signals[0]?.aborted).toBe(false);
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await expect(neighbour).resolves.toMatchObject({ id: "b" });
  });

  test("the last message of a call aborts the call and frees its place", async () => {
    const answers = new HeldAnswers();
    const limits = { send: { maxItems: 10, maxBytes: 2_000, overheadBytes: 0, maxInFlight: 1 } };
    const { producer, driver, clock } = producerBench({ script: answers.script, limits });
    const controller = new AbortController();
    const { signal } = controller;
    const sends = [producer.send(1, { signal }), producer.send(2, { signal })];
    await clock.settle();
    controller.abort(reason);
    await Promise.allSettled(sends);
    expect(driver.signals[0]?.aborted).toBe(true);
    void producer.send(3, { id: "next" });
    await clock.settle();
    expect(driver.sentIds[1]).toEqual(["next"]);
  });

  test("leaves no listener on the signal", async () => {
    const { producer } = producerBench();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...given);
    };
    const sends = Promise.all([1, 2, 3].map(async (body) => await producer.send(body, { signal })));
    // One listener for all sends: to add another, a signal searches all that it has.
    expect(listeners).toBe(1);
    await sends;
    expect(listeners).toBe(0);
    await producer.send(1, { signal });
    expect(listeners).toBe(0);
  });
});

describe("the time limit", () => {
  test("a message in flight times out as ambiguous and aborts its call", async () => {
    const { producer, driver, clock } = producerBench({ script: new HeldAnswers().script });
    const sent = producer.send(1);
    sent.catch(() => {});
    await clock.advance(SEND_TIMEOUT_MS - 1);
    expect(await stateOf(sent, clock)).toBe("pending");
    await clock.advance(1);
    await expect(sent).rejects.toMatchObject({
      code: "TIMEOUT",
      ambiguous: true,
      operation: "send",
      provider: "fake",
    });
    expect(driver.signals[0]?.aborted).toBe(true);
  });

  test("a message that nobody took yet is not ambiguous", async () => {
    const limits = { send: { maxItems: 1, maxBytes: 2_000, overheadBytes: 0, maxInFlight: 1 } };
    const { producer, driver, clock } = producerBench({ script: new HeldAnswers().script, limits });
    const sends = [producer.send(1, { id: "a" }), producer.send(2, { id: "b" })];
    const outcomes = Promise.allSettled(sends);
    await clock.advance(SEND_TIMEOUT_MS);
    expect(await outcomes).toMatchObject([
      { reason: { code: "TIMEOUT", ambiguous: true } },
      { reason: { code: "TIMEOUT", ambiguous: false } },
    ]);
    expect(driver.sentIds).toEqual([["a"]]);
  });

  test("a driver that does not open in time is not ambiguous", async () => {
    const driver = new FakeProducerDriver();
    driver.open = async () => await new Promise(() => {});
    const { producer, clock } = producerBench({ driver });
    const sent = producer.send(1);
    sent.catch(() => {});
    await clock.advance(SEND_TIMEOUT_MS);
    await expect(sent).rejects.toMatchObject({ code: "TIMEOUT", ambiguous: false });
  });

  test("one timer watches over all messages", async () => {
    const { producer, clock } = producerBench({ script: new HeldAnswers().script });
    for (let index = 0; index < 10; index += 1) producer.send(index).catch(() => {});
    await clock.settle();
    expect(clock.pendingTimers).toBe(1);
  });
});

describe("a full buffer", () => {
  const small = { setup: { maxBufferedBytes: 100 } };
  const body = "x".repeat(58); // 60 bytes as JSON

  test("lets a send wait until there is room, in order", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ ...small, script: answers.script });
    const sends = ["a", "b", "c"].map(async (id) => await producer.send(body, { id }));
    await clock.advance("1s");
    expect(driver.sentIds).toEqual([["a"]]);
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await clock.settle();
    expect(driver.sentIds).toEqual([["a"], ["b"]]);
    answers.at(1).resolve(driver.calls[1]?.map(confirmed) ?? []);
    await clock.settle();
    answers.at(2).resolve(driver.calls[2]?.map(confirmed) ?? []);
    expect((await Promise.all(sends)).map((sent) => sent.id)).toEqual(["a", "b", "c"]);
  });

  // Both may have one key, and the small one would be stored before the large one.
  test("lets no small message pass a large one that waits for room", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ ...small, script: answers.script });
    for (const [id, text] of Object.entries({ a: body, b: body, c: "small" }))
      producer.send(text, { id }).catch(() => {});
    await clock.settle();
    expect(driver.sentIds).toEqual([["a"]]);
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await clock.settle();
    expect(driver.sentIds.flat()).toEqual(["a", "b", "c"]);
  });

  test("a waiting send obeys its signal and its time limit", async () => {
    const { producer, driver, clock } = producerBench({ ...small, script: new HeldAnswers().script });
    const controller = new AbortController();
    const outcomes = Promise.allSettled([
      producer.send(body, { id: "a" }),
      producer.send(body, { id: "b", signal: controller.signal }),
      producer.send(body, { id: "c" }),
    ]);
    await clock.settle();
    controller.abort();
    await clock.advance(SEND_TIMEOUT_MS);
    expect(await outcomes).toMatchObject([
      { reason: { code: "TIMEOUT", ambiguous: true } },
      { reason: { code: "CANCELLED", ambiguous: false } },
      { reason: { code: "TIMEOUT", ambiguous: false } },
    ]);
    expect(driver.sentIds).toEqual([["a"]]);
  });

  test("a message larger than the whole buffer goes alone", async () => {
    const { producer } = producerBench({ setup: { maxBufferedBytes: 10 } });
    await expect(Promise.all([producer.send(body), producer.send(body)])).resolves.toHaveLength(2);
  });

  test.each<readonly [string, readonly Middleware[]]>([
    ["", []],
    [", also through a middleware", [{ name: "pass", send: async (draft, next) => await next(draft) }]],
  ])("sendMany takes its items only as there is room%s", async (_, middleware) => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({
      setup: { ...small.setup, middleware },
      script: answers.script,
    });
    let taken = 0;
    function* items(): Generator<{ body: string }> {
      for (; taken < 5; taken += 1) yield { body };
    }
    const sent = producer.sendMany(items());
    await clock.settle();
    expect(taken).toBe(2);
    for (let call = 0; call < 5; call += 1) {
      answers.at(call).resolve(driver.calls[call]?.map(confirmed) ?? []);
      await clock.settle();
    }
    await expect(sent).resolves.toHaveLength(5);
  });

  test("sendMany takes more items than the service takes in the time of one send", async () => {
    const bench: ProducerBench = producerBench({
      // Four requests of ten in a second: what is taken at once would wait for 50 seconds.
      script: async (messages) => {
        await new Promise<void>((resolve) => bench.clock.setTimer(resolve, 1_000));
        return messages.map(confirmed);
      },
    });
    const { producer, driver, clock } = bench;
    const sent = producer.sendMany(Array.from({ length: 2_000 }, (_, nth) => ({ body: nth })));
    await clock.advance("50s");
    await expect(sent).resolves.toHaveLength(2_000);
    expect(driver.calls).toHaveLength(200); // every request was full, and there were always four
  });

  test("sendMany takes no more items once the producer closes", async () => {
    const { producer, clock } = producerBench({ ...small, script: new HeldAnswers().script });
    let taken = 0;
    let isEnded = false;
    function* items(): Generator<{ body: string }> {
      try {
        // A generator without an end would keep the process busy for ever.
        for (; taken < 1_000; taken += 1) yield { body };
      } finally {
        isEnded = true;
      }
    }
    const failed = producer.sendMany(items()).catch((error: unknown) => error);
    await clock.settle();
    const closing = producer.close(1);
    await clock.advance(1);
    expect(await failed).toMatchObject({
      code: "PARTIAL_SEND",
      results: [
        { error: { code: "TIMEOUT" } },
        { error: { code: "TIMEOUT" } },
        { error: { code: "CLOSED" } },
      ],
      cause: { code: "CLOSED" },
    });
    expect([taken, isEnded]).toEqual([2, true]);
    await closing;
  });

  test("what a middleware refuses makes room", async () => {
    const refuse: Middleware = {
      name: "refuse",
      send: async () => await Promise.reject(new Error("no")),
    };
    const { producer } = producerBench({ setup: { ...small.setup, middleware: [refuse] } });
    const items = Array.from({ length: 5 }, () => ({ body }));
    await expect(producer.sendMany(items)).rejects.toMatchObject({ code: "PARTIAL_SEND" });
  });
});
