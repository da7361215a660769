import { describe, expect, test } from "vitest";

import type { ErrorClass } from "../src/driver/driver.ts";
import type { Middleware } from "../src/middleware/middleware.ts";
import { confirmAll, confirmed, failed, FakeServiceError, type SendScript } from "./fake-adapter.ts";
import { HeldAnswers, KEYED, producerBench, SEND_TIMEOUT_MS, type ProducerBench } from "./producer-bench.ts";

const THROTTLED: ErrorClass = { code: "THROTTLED", retryable: true };
const DENIED: ErrorClass = { code: "ACCESS_DENIED", retryable: false };
const IN_DOUBT: ErrorClass = { code: "TIMEOUT", retryable: true, ambiguous: true };
const LATCHED = { code: "UNAVAILABLE", retryable: false, ambiguous: false, provider: "fake" };

/** Sends messages named `<key><number>`: "k1" has the key "k". */
async function sendAll(
  { producer }: ProducerBench,
  ...ids: string[]
): Promise<PromiseSettledResult<unknown>[]> {
  return await Promise.allSettled(ids.map(async (id) => await producer.send({ key: id[0] }, { id })));
}

/** Fails messages by call and id; confirms all others. */
function answers(byCall: Readonly<Record<number, Readonly<Record<string, ErrorClass>>>>): SendScript {
  return async (messages, _signal, call) =>
    messages.map((message) => {
      const errorClass = byCall[call]?.[message.id];
      return errorClass === undefined ? confirmed(message) : failed(errorClass);
    });
}

describe("a failed message of a key", () => {
  test("is tried again before anything later of its key, while other keys go on", async () => {
    const bench = producerBench({ details: KEYED, script: answers({ 1: { k1: THROTTLED, k2: THROTTLED } }) });
    const first = sendAll(bench, "k1", "k2", "l1");
    await bench.clock.settle();
    const second = sendAll(bench, "k3", "l2");
    await bench.clock.advance("1s");
    expect(await first).toMatchObject(Array.from({ length: 3 }, () => ({ status: "fulfilled" })));
    await second;
    const order = bench.driver.sentIds.flat();
    expect(order.filter((id) => id.startsWith("k"))).toEqual(["k1", "k2", "k1", "k2", "k3"]);
    expect(order.indexOf("l2")).toBeLessThan(order.lastIndexOf("k1"));
  });

  test("is not tried again when a later one was stored: it rejects and latches the key", async () => {
    const bench = producerBench({ details: KEYED, script: answers({ 1: { k1: THROTTLED } }) });
    const [first, second] = await sendAll(bench, "k1", "k2");
    expect(first).toMatchObject({ reason: { code: "THROTTLED" } });
    expect(second).toMatchObject({ status: "fulfilled" });
    const [later, other] = await sendAll(bench, "k3", "l1");
    expect(later).toMatchObject({ reason: { ...LATCHED, cause: { code: "THROTTLED" } } });
    expect(other).toMatchObject({ status: "fulfilled" });
    await bench.clock.advance("10s");
    expect(bench.driver.sentIds).toEqual([["k1", "k2"], ["l1"]]);
  });

  test.each([
    ["", {}],
    [", with deduplication as well", { capabilities: { deduplication: "window" } } as const],
  ])("is not tried again when a later one may have been stored%s", async (_, more) => {
    const script = answers({ 1: { k1: THROTTLED, k2: IN_DOUBT } });
    const bench = producerBench({ details: KEYED, script, ...more });
    const outcomes = sendAll(bench, "k1", "k2");
    await bench.clock.advance("10s");
    expect(await outcomes).toMatchObject([
      { reason: { code: "THROTTLED", ambiguous: false } },
      { reason: { ambiguous: true } },
    ]);
    expect(bench.driver.sentIds).toEqual([["k1", "k2"]]);
  });

  test("is not tried again when both are in doubt, each by its own answer: only the later one may be stored", async () => {
    const script = answers({ 1: { k1: IN_DOUBT, k2: IN_DOUBT } });
    const bench = producerBench({ details: KEYED, script, capabilities: { deduplication: "window" } });
    const outcomes = sendAll(bench, "k1", "k2");
    await bench.clock.advance("10s");
    expect(await outcomes).toMatchObject([{ reason: { ambiguous: true } }, { reason: { ambiguous: true } }]);
    expect(bench.driver.sentIds).toEqual([["k1", "k2"]]);
  });

  test("is tried again before a later one if the answer to both was lost", async () => {
    const script: SendScript = async (messages, _signal, call) => {
      if (call === 1) throw new FakeServiceError(IN_DOUBT);
      return await confirmAll(messages);
    };
    const bench = producerBench({ details: KEYED, script, capabilities: { deduplication: "window" } });
    const outcomes = sendAll(bench, "k1", "k2");
    await bench.clock.advance("10s");
    expect(await outcomes).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
    expect(bench.driver.sentIds).toEqual([
      ["k1", "k2"],
      ["k1", "k2"],
    ]);
  });

  test("is not tried again when one between it and another that was lost with it was stored", async () => {
    const lost = failed(IN_DOUBT);
    const script: SendScript = async (messages, _signal, call) =>
      messages.map((message) => (call === 1 && message.id !== "k2" ? lost : confirmed(message)));
    const bench = producerBench({ details: KEYED, script, capabilities: { deduplication: "window" } });
    const outcomes = sendAll(bench, "k1", "k2", "k3");
    await bench.clock.advance("10s");
    expect(await outcomes).toMatchObject([
      { reason: { code: "TIMEOUT" } },
      { status: "fulfilled" },
      { status: "rejected" },
    ]);
    expect(bench.driver.sentIds).toEqual([["k1", "k2", "k3"]]);
  });

  test("that failed for good latches its key, and later ones of its batch are not tried again", async () => {
    const bench = producerBench({ details: KEYED, script: answers({ 1: { k1: DENIED, k2: THROTTLED } }) });
    const [first, second] = await sendAll(bench, "k1", "k2");
    expect(first).toMatchObject({ reason: { code: "ACCESS_DENIED" } });
    expect(second).toMatchObject({ reason: LATCHED });
    await bench.clock.advance("10s");
    expect(bench.driver.calls).toHaveLength(1);
  });

  test("does not stop an earlier one of its key from its next try", async () => {
    const bench = producerBench({ details: KEYED, script: answers({ 1: { k1: THROTTLED, k2: DENIED } }) });
    const outcomes = sendAll(bench, "k1", "k2");
    await bench.clock.advance("1s");
    expect(await outcomes).toMatchObject([{ status: "fulfilled" }, { reason: { code: "ACCESS_DENIED" } }]);
    expect(bench.driver.sentIds).toEqual([["k1", "k2"], ["k1"]]);
  });

  test("latches its key when its time is up", async () => {
    const held = new HeldAnswers();
    const bench = producerBench({ details: KEYED, script: held.script });
    const first = sendAll(bench, "k1");
    await bench.clock.advance(SEND_TIMEOUT_MS - 1);
    const second = sendAll(bench, "k2");
    await bench.clock.advance(1);
    expect(await first).toMatchObject([{ reason: { code: "TIMEOUT", ambiguous: true } }]);
    expect(await second).toMatchObject([{ reason: { ...LATCHED, cause: { code: "TIMEOUT" } } }]);
    expect(bench.driver.calls).toHaveLength(1);
  });

  test("latches its key when it was given up on its way, because it may arrive after the next one", async () => {
    const held = new HeldAnswers();
    const bench = producerBench({ details: KEYED, script: held.script });
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = Promise.allSettled([bench.producer.send({ key: "k" }, { id: "k1", signal })]);
    await bench.clock.settle();
    const next = sendAll(bench, "k2");
    controller.abort();
    expect(await aborted).toMatchObject([{ reason: { code: "CANCELLED", ambiguous: true } }]);
    expect(await next).toMatchObject([{ reason: { ...LATCHED, cause: { code: "CANCELLED" } } }]);
    expect(bench.driver.sentIds).toEqual([["k1"]]);
  });

  test("does not latch its key when it was given up before it was on its way", async () => {
    const held = new HeldAnswers();
    const bench = producerBench({ details: KEYED, script: held.script });
    const controller = new AbortController();
    const { signal } = controller;
    const first = sendAll(bench, "k1");
    await bench.clock.settle();
    const aborted = Promise.allSettled([bench.producer.send({ key: "k" }, { id: "k2", signal })]);
    const next = sendAll(bench, "k3");
    controller.abort();
    expect(await aborted).toMatchObject([{ reason: { code: "CANCELLED", ambiguous: false } }]);
    held.at(0).resolve(bench.driver.calls[0]?.map(confirmed) ?? []);
    await first;
    await bench.clock.settle();
    held.at(1).resolve(bench.driver.calls[1]?.map(confirmed) ?? []);
    expect(await next).toMatchObject([{ status: "fulfilled" }]);
    expect(bench.driver.sentIds).toEqual([["k1"], ["k3"]]);
  });

  test("that was refused before any I/O does not latch its key", async () => {
    const bench = producerBench({ details: KEYED });
    await expect(bench.producer.send({ key: "k", at: 1n })).rejects.toMatchObject({
      code: "INVALID_MESSAGE",
    });
    expect(await sendAll(bench, "k1")).toMatchObject([{ status: "fulfilled" }]);
  });

  test("that a middleware refused does not latch its key, and only its sender hears of it", async () => {
    const strict: Middleware = {
      name: "strict",
      send: async (draft, next) => {
        if (draft.id === "bad") throw new Error("no tenant");
        return await next(draft);
      },
    };
    const { producer, events, clock } = producerBench({ details: KEYED, setup: { middleware: [strict] } });
    await expect(producer.send({ key: "k" }, { id: "bad" })).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(producer.send({ key: "k" }, { id: "good" })).resolves.toMatchObject({ id: "good" });
    await clock.settle();
    expect(events.of("notice")).toEqual([]);
  });

  test("that is larger than its queue takes does not latch its key, unless it may have been stored", async () => {
    const TOO_LARGE: ErrorClass = { code: "MESSAGE_TOO_LARGE", retryable: false };
    const script = answers({ 1: { k1: TOO_LARGE }, 2: { k2: IN_DOUBT }, 3: { k2: TOO_LARGE } });
    const bench = producerBench({ details: KEYED, script, setup: { retryAmbiguous: "always" } });
    expect(await sendAll(bench, "k1")).toMatchObject([{ reason: { code: "MESSAGE_TOO_LARGE" } }]);
    const second = sendAll(bench, "k2");
    await bench.clock.advance("1s");
    expect(await second).toMatchObject([{ reason: { code: "MESSAGE_TOO_LARGE", ambiguous: true } }]);
    expect(await sendAll(bench, "k3")).toMatchObject([{ reason: LATCHED }]);
  });
});

describe("resume", () => {
  const denyFirst: SendScript = async (messages, _signal, call) => {
    if (call === 1) throw new FakeServiceError(DENIED);
    return await confirmAll(messages);
  };

  test("lets the key flow again", async () => {
    const bench = producerBench({ details: KEYED, script: denyFirst });
    await sendAll(bench, "k1");
    expect(await sendAll(bench, "k2")).toMatchObject([{ reason: LATCHED }]);
    bench.producer.resume("k");
    expect(await sendAll(bench, "k1", "k2")).toMatchObject([
      { status: "fulfilled" },
      { status: "fulfilled" },
    ]);
    expect(bench.driver.sentIds).toEqual([["k1"], ["k1", "k2"]]);
  });

  test("does not let through what was queued behind the failed message", async () => {
    const held = new HeldAnswers();
    const bench = producerBench({ details: KEYED, script: held.script });
    const first = sendAll(bench, "k1");
    await bench.clock.settle();
    const queued = sendAll(bench, "k2");
    void first.then(() => bench.producer.resume("k"));
    held.at(0).reject(new FakeServiceError(DENIED));
    expect(await queued).toMatchObject([{ reason: LATCHED }]);
    const after = sendAll(bench, "k3");
    await bench.clock.settle();
    held.at(1).resolve(bench.driver.calls[1]?.map(confirmed) ?? []);
    expect(await after).toMatchObject([{ status: "fulfilled" }]);
    expect(bench.driver.sentIds).toEqual([["k1"], ["k3"]]);
  });

  test("of a key that is not latched changes nothing", async () => {
    const bench = producerBench({ details: KEYED, script: denyFirst });
    bench.producer.resume("k");
    expect(await sendAll(bench, "k1")).toMatchObject([{ reason: { code: "ACCESS_DENIED" } }]);
    expect(await sendAll(bench, "k2")).toMatchObject([{ reason: LATCHED }]);
  });

  test("the error of a latched key says what to do and does not print the key", async () => {
    const bench = producerBench({ details: KEYED, script: denyFirst });
    await bench.producer.send({ key: "customer-4711" }).catch(() => {});
    const error: unknown = await bench.producer
      .send({ key: "customer-4711" })
      .catch((caught: unknown) => caught);
    expect(String(error)).toContain("resume(");
    expect(String(error)).not.toContain("4711");
  });
});

test("a provider that wants one key per batch gets one key per batch", async () => {
  const bench = producerBench({ details: KEYED, capabilities: { batchKey: "uniform" } });
  await sendAll(bench, "k1", "l1", "k2", "l2", "m1");
  expect(bench.driver.sentIds).toEqual([["k1", "k2"], ["l1", "l2"], ["m1"]]);
});

test("the order of calls with one key is the order of sending", async () => {
  const { producer, driver } = producerBench({ details: KEYED });
  const list = Array.from({ length: 60 }, (_, index) => ({ id: String(index), key: `k${index % 3}` }));
  await Promise.all(list.map(async (body) => await producer.send(body, { id: body.id })));
  const sent = driver.calls.flat();
  for (const key of ["k0", "k1", "k2"]) {
    const ofKey = sent.filter((message) => message.orderingKey === key).map((message) => message.id);
    expect(ofKey).toEqual(list.filter((body) => body.key === key).map((body) => body.id));
  }
});

test("what is sent after a sendMany that is not awaited goes after its inputs, up to thousands", async () => {
  const { producer, driver } = producerBench({ details: KEYED });
  const items = Array.from({ length: 200 }, (_, nth) => ({ body: { key: "k" }, id: `m${nth}` }));
  await Promise.all([producer.sendMany(items), producer.send({ key: "k" }, { id: "after" })]);
  expect(driver.sentIds.flat()).toEqual([...items.map(({ id }) => id), "after"]);
});
