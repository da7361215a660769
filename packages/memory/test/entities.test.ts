import { outgoing } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { codesOf, driverBench, NEVER, receive, receiveOne } from "./driver-bench.ts";

async function rejection(promise: Promise<unknown> | undefined): Promise<unknown> {
  return await promise?.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("names", () => {
  test("of targets say where they are", () => {
    const { target } = driverBench();

    expect(target().name).toBe("memory:q");
    expect(target({ kind: "subscription", topic: "t", name: "s" }).entity).toBe("t/s");
    expect(target({ kind: "dead-letter" }).entity).toBe("q/dead");
    expect(target({ kind: "dead-letter", topic: "t", name: "s" }).entity).toBe("t/s/dead");
    expect(target({ kind: "dead-letter", name: "failed", exact: true }).entity).toBe("failed");
  });

  test.each(["", "a/b", "-a", "ä", "a".repeat(261)])("refuse %j", (name) => {
    const { target } = driverBench();

    expect(() => target({ name })).toThrow(/INVALID_ARGUMENT.*not a valid name of a queue/s);
  });

  test("refuse sending to a subscription and consuming a topic", () => {
    const { producer, consumer } = driverBench();

    expect(() => producer({ kind: "subscription", topic: "t", name: "s" })).toThrow(/UNSUPPORTED/);
    expect(() => consumer({ kind: "topic" })).toThrow(/UNSUPPORTED/);
  });
});

describe("missing entities", () => {
  test("are made on first use where nothing else is said", async () => {
    const { producer, consumer, adapter, target } = driverBench();
    await producer().open?.(NEVER);
    await consumer({ name: "other" }).open?.(NEVER);
    const admin = await adapter.admin?.();

    expect(await admin?.list("", NEVER)).toEqual(["other", "q"]);
    expect(await admin?.inspect(target(), NEVER)).toMatchObject({ ready: 0, approximate: false });
  });

  test.each([
    ["queue", {}],
    ["subscription", { kind: "subscription", topic: "t", name: "s" }],
    ["dead letters", { kind: "dead-letter" }],
    ["configured dead letters", { kind: "dead-letter", name: "failed", exact: true }],
  ] as const)("are NOT_FOUND at open and at use where they must be created: %s", async (_what, ref) => {
    const { consumer, adapter } = driverBench("explicit");
    const reader = consumer(ref);

    for (const failed of [reader.open?.(NEVER), receive(reader)]) {
      expect(adapter.classify(await rejection(failed), "open")).toMatchObject({
        code: "NOT_FOUND",
        retryable: false,
      });
    }
  });

  test("are NOT_FOUND for a producer too", async () => {
    const { producer, adapter } = driverBench("explicit");

    for (const ref of [{}, { kind: "topic" }] as const) {
      const sender = producer(ref);
      for (const failed of [sender.open?.(NEVER), sender.sendBatch([outgoing()], NEVER)]) {
        expect(adapter.classify(await rejection(failed), "open").code).toBe("NOT_FOUND");
      }
    }
  });
});

describe("the admin driver", () => {
  test("creates once, and refuses other settings", async () => {
    const { adapter, target } = driverBench("explicit");
    const admin = await adapter.admin?.();
    await admin?.create(target(), { maxDeliveries: 3 }, NEVER);
    await admin?.create(target(), { maxDeliveries: 3 }, NEVER);

    const failed = await rejection(admin?.create(target(), { maxDeliveries: 4 }, NEVER));
    expect(adapter.classify(failed, "admin").code).toBe("ALREADY_EXISTS");
    expect(failed).toHaveProperty("message", expect.stringContaining("maxDeliveries is 3"));
    expect((await adapter.probe?.(target(), NEVER))?.facts).toEqual({ unknown: [], maxDeliveries: 3 });
  });

  test("wires dead letters into a queue of their own", async () => {
    const { adapter, target, consumer, producer } = driverBench("explicit");
    const admin = await adapter.admin?.();
    const deadLetter = target({ kind: "dead-letter", name: "failed", exact: true });
    await admin?.create(target(), { deadLetter }, NEVER);
    await producer().sendBatch([outgoing({ id: "1" })], NEVER);
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    await reader.deadLetterBatch?.([{ handle, reason: "BAD", attributes: {} }], NEVER);

    expect((await adapter.probe?.(target(), NEVER))?.facts.deadLetterEntity).toBe("failed");
    expect((await receiveOne(consumer(deadLetter.ref))).deadLetter?.source).toBe("q");
  });

  test.each([
    ["made anew", false],
    ["the new one of its name", true],
  ])("a queue for dead letters that was deleted is %s", async (_what, isCreatedAgain) => {
    const { adapter, target, consumer, send } = driverBench("explicit");
    const admin = await adapter.admin?.();
    const deadLetter = target({ kind: "dead-letter", name: "failed", exact: true });
    await admin?.create(target(), { deadLetter }, NEVER);
    await admin?.delete(deadLetter, NEVER);
    if (isCreatedAgain) await admin?.create(deadLetter, {}, NEVER);
    await send({ id: "1" });
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    await reader.deadLetterBatch?.([{ handle, reason: "BAD", attributes: {} }], NEVER);

    expect((await receiveOne(consumer(deadLetter.ref))).id).toBe("1");
    await admin?.create(target(), { deadLetter }, NEVER);
  });

  test("keeps dead letters that are redriven to a topic without a subscription", async () => {
    const { adapter, target, consumer, producer } = driverBench();
    const dead = target({ kind: "dead-letter" });
    await producer(dead.ref).sendBatch([outgoing({ id: "1" })], NEVER);
    const admin = await adapter.admin?.();
    const progress: number[] = [];
    const topic = target({ kind: "topic", name: "t" });
    for await (const { moved } of admin?.redrive?.(dead, topic, NEVER) ?? []) progress.push(moved);

    expect(progress).toEqual([0]);
    expect((await receiveOne(consumer(dead.ref))).id).toBe("1");
  });

  test("counts by state", async () => {
    const { adapter, target, consumer, send, clock } = driverBench();
    await send({ id: "1" }, { id: "2" }, { id: "3", deliverAtMs: clock.wallNow() + 1_000 });
    await receive(consumer(), 1);
    const admin = await adapter.admin?.();

    expect(await admin?.inspect(target(), NEVER)).toEqual({
      ready: 1,
      inFlight: 1,
      delayed: 1,
      approximate: false,
    });
  });

  test("purges, and tells the holders of leases", async () => {
    const { adapter, target, consumer, send, lost } = driverBench();
    await send({ id: "1" }, { id: "2" });
    const reader = consumer();
    const [delivery] = await receive(reader, 1);
    const admin = await adapter.admin?.();
    await admin?.purge(target(), NEVER);

    expect(await receive(reader)).toEqual([]);
    expect(lost.map(({ handles }) => handles)).toEqual([[delivery?.handle]]);
    expect(adapter.classify(lost[0]?.error, "receive").code).toBe("LEASE_LOST");
  });

  test("deletes a queue under a waiting ask, which then fails", async () => {
    const { adapter, target, consumer } = driverBench("explicit");
    const admin = await adapter.admin?.();
    await admin?.create(target(), {}, NEVER);
    const asked = rejection(consumer().receiveBatch({ maxItems: 1, waitMs: 20_000 }, NEVER));
    await admin?.delete(target(), NEVER);

    expect(adapter.classify(await asked, "receive").code).toBe("NOT_FOUND");
    expect(await admin?.list("", NEVER)).toEqual([]);
    expect(adapter.classify(await rejection(admin?.purge(target(), NEVER)), "admin").code).toBe("NOT_FOUND");
  });

  test("deletes a queue that first use makes again, with a lease lost", async () => {
    const { adapter, target, consumer, send } = driverBench();
    await send({ id: "old" });
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    const asked = reader.receiveBatch({ maxItems: 1, waitMs: 20_000 }, NEVER);
    const admin = await adapter.admin?.();
    await admin?.delete(target(), NEVER);

    expect(await asked).toEqual([]);
    expect(codesOf(adapter, await reader.ackBatch([handle], NEVER))).toEqual(["LEASE_LOST"]);
    await send({ id: "new" });
    expect((await receiveOne(reader)).id).toBe("new");
  });

  test("redrives dead letters to their queue", async () => {
    const { adapter, target, consumer, producer } = driverBench();
    const dead = target({ kind: "dead-letter" });
    await producer(dead.ref).sendBatch([outgoing({ id: "1" }), outgoing({ id: "2" })], NEVER);
    const reader = consumer();
    const waiting = reader.receiveBatch({ maxItems: 10, waitMs: 20_000 }, NEVER);
    const admin = await adapter.admin?.();
    const progress: number[] = [];
    for await (const { moved } of admin?.redrive?.(dead, target(), NEVER) ?? []) progress.push(moved);

    expect(progress).toEqual([2]);
    expect((await waiting).map(({ id }) => id)).toEqual(["1", "2"]);
  });

  test("keeps topic and subscriptions apart", async () => {
    const { adapter, target, consumer, producer } = driverBench("explicit");
    const admin = await adapter.admin?.();
    const topic = { kind: "topic", name: "t" } as const;
    const [a, b] = ["a", "b"].map((name) => ({ kind: "subscription", topic: "t", name }) as const);
    await admin?.create(target(topic), {}, NEVER);
    await admin?.create(target(a), {}, NEVER);
    await admin?.create(target(b), {}, NEVER);
    await producer(topic).sendBatch([outgoing({ id: "1" })], NEVER);

    expect(await admin?.list("t", NEVER)).toEqual(["t", "t/a", "t/b"]);
    await admin?.delete(target(a), NEVER);
    expect((await receiveOne(consumer(b))).id).toBe("1");
    await admin?.delete(target(topic), NEVER);
    expect(adapter.classify(await rejection(receive(consumer(b))), "receive").code).toBe("NOT_FOUND");
  });
});
