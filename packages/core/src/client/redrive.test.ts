import { describe, expect, test } from "vitest";
import { adminBench as bench, movedBy } from "../../test/admin-bench.ts";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import type { FakeServiceOptions } from "../../test/fake-provider.ts";
import { deadLetters, defineQueue, unchecked } from "../message/queue-definition.ts";

const orders = defineQueue("orders");
/** In milliseconds: after any redrive of these tests has begun. */
const LONG_AFTER = "9999999999999";

describe("redrive", () => {
  function dead(over: FakeServiceOptions = {}) {
    const made = bench(over);
    const ids = Array.from({ length: 25 }, (_, index) => `m${index}`);
    for (const id of ids) {
      const attributes = {
        tenant: Number(id.slice(1)) % 2 === 0 ? "even" : "odd",
        "aq-dead-reason": "r",
        "aq-due": "1",
        "aq-exp": "2",
        "aq-at": "3",
      };
      made.service.put("orders-dead", { id, attributes, orderingKey: "k", deduplicationId: "old" });
    }
    return { ...made, ids };
  }

  test("moves all back in order, with their history and without old times, attempts and deduplication ids", async () => {
    const { service, admin, ids } = dead();
    expect(await movedBy(admin, orders)).toEqual([10, 20, 25]);
    expect(service.ids("orders")).toEqual(ids);
    expect(service.ids("orders-dead")).toEqual([]);
    const moved = service.messages("orders").map(({ message }) => message);
    expect(moved[0]).toMatchObject({ orderingKey: "k", contentType: "application/json" });
    expect(moved[0]?.attributes).toEqual({ tenant: "even", "aq-dead-reason": "r" });
    const fresh = new Set(moved.map(({ deduplicationId }) => deduplicationId));
    expect(fresh.size).toBe(25);
    expect(fresh.has("old")).toBe(false);
  });

  test("takes no service for empty that has not answered within a wait", async () => {
    const { service, admin } = dead({ answersLate: true });
    expect((await movedBy(admin, orders)).at(-1)).toBe(25);
    expect(service.ids("orders-dead")).toEqual([]);
  });

  test("stops at max, exactly", async () => {
    const { service, admin, ids } = dead();
    expect(await movedBy(admin, deadLetters(orders), { max: 12 })).toEqual([10, 12]);
    expect(service.ids("orders")).toEqual(ids.slice(0, 12));
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("a filter sees the application's attributes; what it passes over is released at the end", async () => {
    const { service, admin } = dead();
    const seen: object[] = [];
    const filter = (message: { attributes: Readonly<Record<string, string>> }): boolean => {
      seen.push(message.attributes);
      return message.attributes["tenant"] === "odd";
    };
    expect((await movedBy(admin, orders, { filter })).at(-1)).toBe(12);
    expect(seen).toHaveLength(25);
    expect(seen[0]).toEqual({ tenant: "even" });
    expect(service.ids("orders-dead")).toHaveLength(13);
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("ends although what it moves fails again at once: that stays in the dead letters", async () => {
    const { service, admin } = dead();
    let moved = 0;
    for await (const progress of admin.redrive(orders)) {
      const failed = service.ids("orders").slice(moved);
      ({ moved } = progress);
      if (moved > 25) break;
      for (const id of failed) {
        service.put("orders-dead", { id, attributes: { "aq-dead-last": LONG_AFTER } });
      }
    }
    expect(moved).toBe(25);
    expect(service.ids("orders-dead")).toHaveLength(25);
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("leaving the loop early gives back what was not moved", async () => {
    const { service, admin } = dead();
    for await (const _ of admin.redrive(orders, { filter: ({ id }) => id === "m3" })) break;
    expect(service.ids("orders")).toEqual(["m3"]);
    expect(service.ids("orders-dead")).toHaveLength(24);
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("a message that cannot be sent stays, its neighbours are moved and acked, and the error says why", async () => {
    const { service, admin } = dead({ refusedId: "m3" });
    await expect(movedBy(admin, orders)).rejects.toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      operation: "send",
    });
    expect(service.ids("orders")).toHaveLength(9);
    expect(service.ids("orders-dead")).toHaveLength(16);
    expect(service.ids("orders-dead")).toContain("m3");
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
    expect(service.log).toContain("close consumer orders-dead");
  });

  test("a message that could not be read stays, all others are moved, and the end says why", async () => {
    const { service, admin, ids } = dead();
    service.put("orders-dead", { id: "bad" }, "no header\n");
    service.put("orders-dead", { id: "last" });
    await expect(movedBy(admin, orders)).rejects.toMatchObject({
      code: "INVALID_MESSAGE",
      message: expect.stringContaining("no header%0A"),
    });
    const moved = service.ids("orders");
    expect(moved).toContain("last");
    expect(moved.filter((id) => id !== "last")).toEqual(ids); // which have one key
    expect(service.messages("orders-dead")).toMatchObject([{ message: { id: "bad" }, isHeld: false }]);
  });

  test("counts what was moved before it failed", async () => {
    const { admin } = dead({ refusedId: "m13" });
    const counts: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { moved } of admin.redrive(orders)) counts.push(moved);
    };
    await expect(run()).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(counts).toEqual([10, 19]);
  });

  test("does not end where what the filter passed over comes again before the rest", async () => {
    const { service, admin } = dead();
    const seen: string[] = [];
    const filter = ({ id }: { id: string }): boolean => {
      seen.push(id);
      // The leases of the first reply end.
      if (id === "m19") for (const each of service.messages("orders-dead").slice(0, 10)) each.isHeld = false;
      return id === "m24";
    };
    expect(await movedBy(admin, orders, { filter })).toEqual([1]);
    expect(seen).toHaveLength(25);
  });

  test("says so where the rest cannot be reached, because what was passed over comes again and again", async () => {
    const { service, admin } = dead();
    const filter = ({ id }: { id: string }): boolean => {
      if (id !== "m9") return false;
      // Makes each lease end before the next receive.
      for (const each of service.messages("orders-dead").slice(0, 10))
        Object.defineProperty(each, "isHeld", { get: () => false, set: () => {} });
      return false;
    };
    await expect(movedBy(admin, orders, { filter })).rejects.toMatchObject({ code: "LEASE_LOST" });
  });

  test.each<[string, (message: { id: string }) => unknown, string]>([
    ["a promise", async () => false, "redrive.filter: expected true or false, got object"],
    [
      "a promise that rejects",
      async () => await Promise.reject(new Error("unheard")),
      "redrive.filter: expected true or false, got object",
    ],
    ["nothing", () => undefined, "redrive.filter: expected true or false, got undefined"],
    [
      "what throws",
      () => {
        throw new Error("mine");
      },
      "redrive.filter threw",
    ],
  ])("moves nothing by a filter of %s", async (_name, filter, text) => {
    const { service, admin } = dead();
    await expect(movedBy(admin, orders, { filter: filter as never })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(text),
    });
    expect(service.ids("orders-dead")).toHaveLength(25);
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("a probe that fails in passing ends it: the queue by rule may be another one's", async () => {
    const busy = new FakeServiceError({ code: "THROTTLED", retryable: true });
    const { service, admin } = dead({ probeError: busy });
    await expect(movedBy(admin, orders)).rejects.toMatchObject({ code: "THROTTLED" });
    await expect(admin.purge(deadLetters(orders))).rejects.toMatchObject({ code: "THROTTLED" });
    expect(service.ids("orders-dead")).toHaveLength(25);
  });

  test("a request that is refused as a whole is told as a send to the queue, and moves nothing", async () => {
    const { service, admin } = dead({ closedTo: "orders" });
    await expect(movedBy(admin, orders)).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      operation: "send",
      target: "fake://here/orders",
    });
    expect(service.ids("orders-dead")).toHaveLength(25);
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("an aborted signal stops it and gives back", async () => {
    const { service, admin } = dead();
    const stop = new AbortController();
    const moved: number[] = [];
    const run = async (): Promise<void> => {
      for await (const progress of admin.redrive(orders, { signal: stop.signal })) {
        moved.push(progress.moved);
        stop.abort(new Error("enough"));
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(moved).toEqual([10]);
    expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
  });

  test("batches keep the source's bytes, and its wish for one key", async () => {
    const { FAKE_LIMITS } = await import("../../test/fake-adapter.ts");
    const limits = { send: { ...FAKE_LIMITS.send, maxBytes: 100, overheadBytes: 10 } };
    const { service, admin } = bench({ limits, capabilities: { batchKey: "uniform" } });
    for (const [id, size, orderingKey] of [
      ["a", 40, "x"],
      ["b", 40, "x"],
      ["c", 40, "x"],
      ["d", 1, "y"],
      ["e", 95, "y"],
    ] as const) {
      service.put("orders-dead", { id, body: new Uint8Array(size), orderingKey });
    }
    expect(await movedBy(admin, orders)).toEqual([3, 5]);
    expect(service.log.filter((line) => line.startsWith("send"))).toEqual([
      "send orders a,b",
      "send orders d",
      "send orders c",
      "send orders e",
    ]);
  });

  test("is not left to a service that would leave an emulated ttl on: consumers would drop what comes back", async () => {
    const mortal = defineQueue("orders", { schema: unchecked<object>(), emulate: ["ttl"] });
    const emulated = dead({ nativeRedrive: true });
    expect((await movedBy(emulated.admin, mortal)).at(-1)).toBe(25);
    expect(emulated.service.messages("orders")[0]?.message.attributes).not.toHaveProperty("aq-exp");
    const native = dead({ nativeRedrive: true, capabilities: { ttl: true } });
    expect(await movedBy(native.admin, mortal)).toEqual([7]);
  });

  test("is not left to a service that would leave attempts of earlier copies on", async () => {
    const copied = defineQueue("orders", { schema: unchecked<object>(), emulate: ["delay"] });
    const copies = { releaseDelay: "none", sendDelay: { maxMs: 1_000_000 }, ordering: "none" } as const;
    const { service, admin } = dead({ nativeRedrive: true, capabilities: copies });
    expect((await movedBy(admin, copied)).at(-1)).toBe(25);
    expect(service.messages("orders")[0]?.message.attributes).not.toHaveProperty("aq-at");
    const native = dead({ nativeRedrive: true, capabilities: { ...copies, ordering: "by-key" } });
    expect(await movedBy(native.admin, copied)).toEqual([7]);
  });

  test("the service moves by itself where all is to be moved and it can", async () => {
    const { service, admin } = dead({ nativeRedrive: true });
    expect(await movedBy(admin, orders)).toEqual([7]);
    expect(service.log).toContain("native redrive orders-dead to orders");
    expect((await movedBy(admin, orders, { max: 1 })).at(-1)).toBe(1);
  });

  // The trap: SQS moves only from the target of a redrive policy, and copies of dead letters need no policy.
  test("moves one by one what the service cannot move, unless that had begun", async () => {
    const refusing = (begun: number): NonNullable<FakeServiceOptions["admin"]> => ({
      async *redrive() {
        for (let moved = 1; moved <= begun; moved += 1) yield { moved };
        throw new FakeServiceError({ code: "UNSUPPORTED", retryable: false });
      },
    });
    const { service, admin } = dead({ admin: refusing(0) });
    expect((await movedBy(admin, orders)).at(-1)).toBe(25);
    expect(service.ids("orders-dead")).toEqual([]);
    const other = dead({ admin: refusing(1) });
    await expect(movedBy(other.admin, orders)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(other.service.ids("orders-dead")).toHaveLength(25);
  });

  test("needs no administration right", async () => {
    const { admin } = dead({ hasAdmin: false });
    expect((await movedBy(admin, orders)).at(-1)).toBe(25);
  });

  test.each([0, -1, Number.NaN])("refuses max %s", async (max) => {
    await expect(movedBy(bench().admin, orders, { max })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a queue that is gone rejects", async () => {
    const missing = new FakeServiceError({ code: "NOT_FOUND", retryable: false });
    const { admin } = dead({ openErrors: { "producer orders": missing } });
    await expect(movedBy(admin, orders)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
