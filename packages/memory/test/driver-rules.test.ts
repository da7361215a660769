import { outgoing } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { MEMORY_MAX_DELAY_MS } from "../src/memory-limits.ts";
import { codesOf, driverBench, NEVER, receive, receiveOne } from "./driver-bench.ts";

describe("receiving (D1)", () => {
  test("resolves a waiting ask as soon as a message arrives, with all that arrived at once", async () => {
    const { consumer, send } = driverBench();
    const asked = consumer().receiveBatch({ maxItems: 10, waitMs: 20_000 }, NEVER);
    await send({ id: "1" }, { id: "2" });

    expect((await asked).map(({ id }) => id)).toEqual(["1", "2"]);
  });

  test("serves waiting asks in order of arrival", async () => {
    const { consumer, send } = driverBench();
    const first = consumer().receiveBatch({ maxItems: 1, waitMs: 20_000 }, NEVER);
    const second = consumer().receiveBatch({ maxItems: 1, waitMs: 20_000 }, NEVER);
    await send({ id: "1" }, { id: "2" });

    expect((await first).map(({ id }) => id)).toEqual(["1"]);
    expect((await second).map(({ id }) => id)).toEqual(["2"]);
  });

  test("resolves empty when the wait is over, and leaves no timer", async () => {
    const { consumer, clock } = driverBench();
    const asked = consumer().receiveBatch({ maxItems: 10, waitMs: 20_000 }, NEVER);
    await clock.advance("20s");

    expect(await asked).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("resolves a waiting ask when a delay or a lease ends", async () => {
    const { consumer, clock, send } = driverBench();
    await send({ id: "delayed", deliverAtMs: clock.wallNow() + 5_000 }, { id: "leased" });
    await receiveOne(consumer(undefined, { leaseMs: 8_000 }));
    const reader = consumer();
    const delayed = reader.receiveBatch({ maxItems: 1, waitMs: 20_000 }, NEVER);
    await clock.advance("5s");
    const leased = reader.receiveBatch({ maxItems: 1, waitMs: 20_000 }, NEVER);
    await clock.advance("3s");

    expect((await delayed).map(({ id }) => id)).toEqual(["delayed"]);
    expect((await leased).map(({ id }) => id)).toEqual(["leased"]);
  });

  test("resolves empty on abort and takes nothing", async () => {
    const { consumer, clock, send } = driverBench();
    const abort = new AbortController();
    const reader = consumer();
    const asked = reader.receiveBatch({ maxItems: 10, waitMs: 20_000 }, abort.signal);
    abort.abort();

    expect(await asked).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    await send({ id: "1" });
    expect(await reader.receiveBatch({ maxItems: 10, waitMs: 0 }, abort.signal)).toEqual([]);
    expect(await receive(reader)).toHaveLength(1);
  });

  test("ends its asks when it closes, twice without harm, and refuses later calls", async () => {
    const { consumer, adapter } = driverBench();
    const reader = consumer();
    const asked = reader.receiveBatch({ maxItems: 10, waitMs: 20_000 }, NEVER);
    await reader.close();
    await reader.close();

    expect(await asked).toEqual([]);
    const late = await reader
      .receiveBatch({ maxItems: 1, waitMs: 0 }, NEVER)
      .catch((error: unknown) => error);
    expect(adapter.classify(late, "receive")).toMatchObject({ code: "CLOSED", retryable: false });
  });
});

describe("results (D2, D5, D6)", () => {
  test("are aligned with the input, and a lost lease is one of them", async () => {
    const { consumer, clock, adapter, send } = driverBench();
    const reader = consumer(undefined, { leaseMs: 1_000 });
    await send({ id: "1" });
    const old = await receiveOne(reader);
    await clock.advance("1s");
    const again = await receiveOne(reader);

    const results = await reader.ackBatch([old.handle, again.handle], NEVER);
    expect(codesOf(adapter, results)).toEqual(["LEASE_LOST", "ok"]);
  });

  test("are those of deliveries, not of messages: two of one id are settled apart", async () => {
    const { consumer, adapter, send } = driverBench();
    await send({ id: "same" }, { id: "same" });
    const reader = consumer();
    const [one, other] = await receive(reader);
    if (one === undefined || other === undefined) throw new Error("two deliveries expected");

    await reader.ackBatch([one.handle], NEVER);
    const released = await reader.releaseBatch([{ handle: other.handle, delayMs: 0, cause: "retry" }], NEVER);
    expect(codesOf(adapter, released)).toEqual(["ok"]);
    expect((await receiveOne(reader)).id).toBe("same");
  });

  test("of another consumer's delivery are the same as of one's own", async () => {
    const { consumer, adapter, send } = driverBench();
    await send({ id: "1" });
    const { handle } = await receiveOne(consumer());

    expect(codesOf(adapter, await consumer().ackBatch([handle], NEVER))).toEqual(["ok"]);
  });

  test("of a call that was aborted before it began say that nothing was applied", async () => {
    const { producer, consumer, adapter } = driverBench();
    const reason = new Error("enough");
    const failed = await producer()
      .sendBatch([outgoing()], AbortSignal.abort(reason))
      .catch((error: unknown) => error);

    expect(adapter.classify(failed, "send")).toMatchObject({ code: "CANCELLED", ambiguous: false });
    expect(failed).toHaveProperty("cause", reason);
    expect(await receive(consumer())).toEqual([]);
  });
});

describe("capabilities (D4)", () => {
  test("match the methods that exist", () => {
    const { consumer, target } = driverBench();
    const dead = consumer({ kind: "dead-letter" });

    expect(consumer().extendBatch).toBeTypeOf("function");
    expect(consumer().deadLetterBatch).toBeTypeOf("function");
    expect(target({ kind: "dead-letter" }).capabilities.deadLetter).toBe("none");
    expect(dead.deadLetterBatch).toBeUndefined();
  });

  test("deduplicate only where the definition asks for it", async () => {
    const { producer, consumer, target } = driverBench();
    const features = ["deduplication"] as const;
    const message = outgoing({ deduplicationId: "d" });

    expect(target().capabilities.deduplication).toBe("none");
    expect(target({ features }).capabilities.deduplication).toBe("window");
    await producer().sendBatch([message, message], NEVER);
    expect(await receive(consumer())).toHaveLength(2);
    const sent = await producer({ name: "d", features }).sendBatch([message, message], NEVER);
    expect(sent[1]).toMatchObject({ ok: true, value: { duplicate: true } });
    expect(await receive(consumer({ name: "d", features }))).toHaveLength(1);
  });

  test("delay at sending and at release, and cancel what waits", async () => {
    const { producer, consumer, clock, adapter } = driverBench();
    const sender = producer();
    const at = (ms: number): number => clock.wallNow() + ms;
    const [kept, cancelled] = await sender.sendBatch(
      [outgoing({ id: "kept", deliverAtMs: at(5_000) }), outgoing({ id: "not", deliverAtMs: at(5_000) })],
      NEVER,
    );
    expect(kept).toMatchObject({ ok: true });
    const token = cancelled?.ok === true ? cancelled.value.cancelToken : undefined;
    const results = await sender.cancelBatch?.([token ?? "", token ?? ""], NEVER);

    expect(codesOf(adapter, results ?? [])).toEqual(["ok", "NOT_FOUND"]);
    const reader = consumer();
    expect(await receive(reader)).toEqual([]);
    await clock.advance("5s");
    const first = await receiveOne(reader);
    expect(first).toMatchObject({ id: "kept", deliveryCount: 1 });
    await reader.releaseBatch([{ handle: first.handle, delayMs: 2_000, cause: "retry" }], NEVER);
    await clock.advance(1_999);
    expect(await receive(reader)).toEqual([]);
    await clock.advance(1);
    expect((await receiveOne(reader)).deliveryCount).toBe(2);
  });

  test("delay by the monotonic clock: setting the wall clock changes nothing", async () => {
    const { consumer, clock, send } = driverBench();
    await send({ id: "1", deliverAtMs: clock.wallNow() + 5_000 });
    clock.jumpWall(3_600_000);
    await clock.advance(4_999);
    expect(await receive(consumer())).toEqual([]);
    clock.jumpWall(-7_200_000);
    await clock.advance(1);

    expect(await receive(consumer())).toHaveLength(1);
  });

  test("drop a message after its time to live, and tell when that is", async () => {
    const { consumer, clock, send } = driverBench();
    await send({ id: "1", ttlMs: 5_000 });
    const reader = consumer(undefined, { leaseMs: 1_000 });

    expect(await receiveOne(reader)).toHaveProperty("expiresAtMs", clock.wallNow() + 5_000);
    await clock.advance("5s");
    expect(await receive(reader)).toEqual([]);
  });

  test("let the time to live of a delayed message begin when the delay is over", async () => {
    const { consumer, clock, send } = driverBench();
    const dueAtMs = clock.wallNow() + 10_000;
    await send({ id: "1", deliverAtMs: dueAtMs, ttlMs: 5_000 });
    const reader = consumer(undefined, { leaseMs: 1_000 });

    await clock.advance("14s");
    expect(await receiveOne(reader)).toHaveProperty("expiresAtMs", dueAtMs + 5_000);
    await clock.advance("1s");
    expect(await receive(reader)).toEqual([]);
  });

  test("look at messages without taking them", async () => {
    const { consumer, send } = driverBench();
    await send({ id: "1" }, { id: "2" });
    const reader = consumer();
    const [first, ...others] = (await reader.peekBatch?.(1, NEVER)) ?? [];

    expect(others).toEqual([]);
    expect(first).toMatchObject({ id: "1", deliveryCount: 0 });
    expect(() => first?.handle).toThrow(/UNSUPPORTED/);
    expect(await receive(reader)).toHaveLength(2);
  });

  test("know no delay longer than a year", () => {
    const { target } = driverBench();

    expect(target().capabilities.sendDelay).toEqual({ maxMs: MEMORY_MAX_DELAY_MS });
  });
});

describe("leases (D14)", () => {
  test("last as long as the consumer asked for, and extending counts from now", async () => {
    const { consumer, clock, adapter, send } = driverBench();
    await send({ id: "1" });
    const reader = consumer(undefined, { leaseMs: 10_000 });
    const { handle, leaseMs } = await receiveOne(reader);
    await clock.advance("9s");

    expect(leaseMs).toBe(10_000);
    expect(await reader.extendBatch?.([{ handle, leaseMs: 5_000 }], NEVER)).toEqual([
      { ok: true, value: { leaseMs: 5_000 } },
    ]);
    await clock.advance("5s");
    const late = await reader.extendBatch?.([{ handle, leaseMs: 5_000 }], NEVER);
    expect(codesOf(adapter, late ?? [])).toEqual(["LEASE_LOST"]);
  });
});
