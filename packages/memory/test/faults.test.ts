import { createClient, defineQueue } from "@anyqueue/core";
import { outgoing } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { FaultPlan, type Fault } from "../src/fault-plan.ts";
import { memory } from "../src/index.ts";
import { codesOf, driverBench, NEVER, receive, receiveOne } from "./driver-bench.ts";

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function timersThatKeepAlive(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

describe("a planned failure", () => {
  test("hits the calls that it counts to, and no others", async () => {
    const { faults, producer, adapter } = driverBench();
    faults.add({ on: "send", queue: "q", nth: 2, times: 2, effect: { fail: "THROTTLED", retryAfter: "3s" } });
    const sender = producer();
    const outcomes: unknown[] = [];
    for (let call = 0; call < 4; call += 1) {
      const error = await rejection(sender.sendBatch([outgoing()], NEVER));
      outcomes.push(error === undefined ? "ok" : adapter.classify(error, "send"));
    }
    await producer({ name: "other" }).sendBatch([outgoing()], NEVER);

    const throttled = { code: "THROTTLED", retryable: true, retryAfterMs: 3_000 };
    expect(outcomes).toMatchObject(["ok", throttled, throttled, "ok"]);
    expect(faults.pending).toEqual([]);
    expect(faults.calls.map(({ queue }) => queue)).toEqual(["q", "q", "q", "q", "other"]);
  });

  test("applies nothing, or everything with an ambiguous error", async () => {
    const { faults, producer, consumer, adapter } = driverBench();
    faults.add({ on: "send", effect: { fail: "CONNECTION_LOST" } });
    faults.add({ on: "send", nth: 2, effect: { fail: "CONNECTION_LOST", applied: true } });
    const before = await rejection(producer().sendBatch([outgoing({ id: "1" })], NEVER));
    expect(await receive(consumer())).toEqual([]);
    const after = await rejection(producer().sendBatch([outgoing({ id: "2" })], NEVER));

    expect(adapter.classify(before, "send").ambiguous).toBe(false);
    expect(adapter.classify(after, "send").ambiguous).toBe(true);
    expect((await receiveOne(consumer())).id).toBe("2");
  });

  test("of some items leaves the others alone", async () => {
    const { faults, producer, consumer, adapter } = driverBench();
    faults.add({ on: "send", effect: { fail: "UNAVAILABLE", items: [1] } });
    const messages = ["1", "2", "3"].map((id) => outgoing({ id }));
    const results = await producer().sendBatch(messages, NEVER);

    expect(codesOf(adapter, results)).toEqual(["ok", "UNAVAILABLE", "ok"]);
    expect((await receive(consumer())).map(({ id }) => id)).toEqual(["1", "3"]);
  });

  test("of an ack that was applied lets its repetition succeed", async () => {
    const { faults, consumer, adapter, send } = driverBench();
    await send({ id: "1" });
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    faults.add({ on: "ack", effect: { fail: "TIMEOUT", applied: true, items: [0] } });

    expect(codesOf(adapter, await reader.ackBatch([handle], NEVER))).toEqual(["TIMEOUT"]);
    expect(codesOf(adapter, await reader.ackBatch([handle], NEVER))).toEqual(["ok"]);
  });

  test("of a receive whose reply is lost leaves the messages leased", async () => {
    const { faults, consumer, clock, send } = driverBench();
    await send({ id: "1" });
    const reader = consumer(undefined, { leaseMs: 1_000 });
    faults.add({ on: "receive", effect: { fail: "CONNECTION_LOST", applied: true } });

    expect(await rejection(receive(reader))).toBeInstanceOf(Error);
    expect(await receive(reader)).toEqual([]);
    await clock.advance("1s");
    expect((await receiveOne(reader)).deliveryCount).toBe(2);
  });

  test.each(["open", "release", "extend", "deadLetter", "peek", "cancel"] as const)(
    "reaches %s",
    async (on) => {
      const { faults, consumer, producer, adapter, send } = driverBench();
      await send({ id: "1" });
      const reader = consumer();
      const { handle } = await receiveOne(reader);
      faults.add({ on, effect: { fail: "ACCESS_DENIED" } });
      const calls = {
        open: async () => await reader.open?.(NEVER),
        release: async () => await reader.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], NEVER),
        extend: async () => await reader.extendBatch?.([{ handle, leaseMs: 1 }], NEVER),
        deadLetter: async () =>
          await reader.deadLetterBatch?.([{ handle, reason: "r", attributes: {} }], NEVER),
        peek: async () => await reader.peekBatch?.(1, NEVER),
        cancel: async () => await producer().cancelBatch?.(["1"], NEVER),
      };

      expect(adapter.classify(await rejection(calls[on]()), on).code).toBe("ACCESS_DENIED");
      await reader.ackBatch([handle], NEVER);
      expect(await receive(reader)).toEqual([]);
    },
  );
});

describe("a planned disturbance", () => {
  test("delays a call on the clock, and an abort ends it with nothing done", async () => {
    const { faults, producer, consumer, clock, adapter } = driverBench();
    faults.add({ on: "send", times: 2, effect: { wait: "5s" } });
    const slow = producer().sendBatch([outgoing({ id: "1" })], NEVER);
    const abort = new AbortController();
    const aborted = rejection(producer().sendBatch([outgoing({ id: "2" })], abort.signal));
    await clock.advance("4s");
    expect(await receive(consumer())).toEqual([]);
    abort.abort();
    await clock.advance("1s");

    expect(codesOf(adapter, await slow)).toEqual(["ok"]);
    expect(adapter.classify(await aborted, "send")).toMatchObject({ code: "CANCELLED", ambiguous: false });
    expect((await receive(consumer())).map(({ id }) => id)).toEqual(["1"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("that delays a call keeps the process alive meanwhile, as the socket of a request does", async () => {
    const faults = new FaultPlan([{ on: "send", effect: { wait: "1h" } }]);
    const client = createClient("memory:", [memory({ faults })]);
    const user = new AbortController();
    const before = timersThatKeepAlive();
    const sent = rejection(client.producer(defineQueue("q")).send(1, { signal: user.signal }));
    while (!faults.calls.some(({ operation }) => operation === "send")) await Promise.resolve();

    expect(timersThatKeepAlive() - before).toBe(1);
    user.abort();
    expect(await sent).toMatchObject({ code: "CANCELLED" });
    expect(timersThatKeepAlive() - before).toBe(0);
    await client.close();
  });

  test("delays a send, which then goes to the queue that has the name by then", async () => {
    const { faults, producer, consumer, clock, adapter, target } = driverBench();
    const admin = await adapter.admin?.();
    await admin?.create(target(), {}, NEVER);
    faults.add({ on: "send", effect: { wait: "5s" } });
    const slow = producer().sendBatch([outgoing({ id: "1" })], NEVER);
    await clock.advance("4s");
    await admin?.delete(target(), NEVER);
    await clock.advance("1s");

    expect(codesOf(adapter, await slow)).toEqual(["ok"]);
    expect((await receive(consumer())).map(({ id }) => id)).toEqual(["1"]);
  });

  test("delivers twice, under one id and one identity", async () => {
    const { faults, consumer, send } = driverBench();
    await send({ id: "1" });
    faults.add({ on: "receive", effect: { duplicate: true } });
    const reader = consumer();
    const first = await receiveOne(reader);
    const second = await receiveOne(reader);

    expect(second).toMatchObject({ id: "1", providerId: first.providerId });
    expect(second.handle).not.toBe(first.handle);
  });

  test("takes leases away and says so", async () => {
    const { faults, consumer, clock, adapter, lost, send } = driverBench();
    await send({ id: "1" });
    faults.add({ on: "receive", effect: { loseLease: "2s" } });
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    await clock.advance("2s");

    expect(lost).toHaveLength(1);
    expect(lost[0]?.handles).toEqual([handle]);
    expect(codesOf(adapter, await reader.ackBatch([handle], NEVER))).toEqual(["LEASE_LOST"]);
    expect((await receiveOne(reader)).deliveryCount).toBe(2);
  });

  test("of a lease that was settled in time takes nothing", async () => {
    const { faults, consumer, clock, lost, send } = driverBench();
    await send({ id: "1" });
    faults.add({ on: "receive", effect: { loseLease: "2s" } });
    const reader = consumer();
    await reader.ackBatch([(await receiveOne(reader)).handle], NEVER);
    await clock.advance("2s");

    expect(lost).toEqual([]);
  });
});

describe("a plan", () => {
  test.each<[string, unknown]>([
    ["on", { on: "sned", effect: { wait: "1s" } }],
    ["nth", { on: "send", nth: 0, effect: { wait: "1s" } }],
    ["times", { on: "send", times: 1.5, effect: { wait: "1s" } }],
    ["soon", { on: "send", effect: { wait: "soon" } }],
    ["receive only", { on: "send", effect: { duplicate: true } }],
    ["not an error code", { on: "send", effect: { fail: "THROTLED" } }],
    ["did you mean", { on: "send", efect: { fail: "TIMEOUT" } }],
    ["items", { on: "send", effect: { fail: "TIMEOUT", items: [-1] } }],
    ["items: expected a list", { on: "send", effect: { fail: "TIMEOUT", items: "0" } }],
    ["an object, got null", null],
    ["effect: expected an object, got undefined", { on: "send" }],
    ["effect: expected one of fail, wait, duplicate, loseLease", { on: "receive", effect: {} }],
    ["did you mean .*duplicate", { on: "receive", effect: { dupplicate: true } }],
  ])("refuses a bad fault: %s", (said, fault) => {
    expect(() => new FaultPlan([fault as Fault])).toThrow(new RegExp(`INVALID_ARGUMENT.*${said}`, "s"));
  });

  test("can be cleared", async () => {
    const { faults, producer } = driverBench();
    faults.add({ on: "send", times: Number.POSITIVE_INFINITY, effect: { fail: "TIMEOUT" } });
    await rejection(producer().sendBatch([outgoing()], NEVER));
    expect(faults.pending).toHaveLength(1);
    faults.clear();

    expect(faults.calls).toEqual([]);
    expect(await producer().sendBatch([outgoing()], NEVER)).toMatchObject([{ ok: true }]);
  });
});
