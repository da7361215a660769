import { describe, expect, test } from "vitest";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import { FakeService, type FakeServiceOptions } from "../../test/fake-provider.ts";
import { QueueError } from "../errors/queue-error.ts";
import { deadLetters, defineQueue, defineTopic, unchecked } from "../message/queue-definition.ts";
import { createEventSink } from "../telemetry/channels.ts";
import { createAdmin, maxDeliveriesFor } from "./admin.ts";
import type { QueueAdmin, RedriveOptions } from "./client-types.ts";
import type { Source } from "../message/queue-definition.ts";

const orders = defineQueue("orders");

function bench(options: FakeServiceOptions = {}, config: object = {}) {
  const service = new FakeService(options);
  const ending = new AbortController();
  const notices: object[] = [];
  const events = createEventSink([{ notice: (event) => void notices.push(event) }]);
  const admin = createAdmin(service.directory(config), ending.signal, () => {}, events);
  return { service, admin, ending, notices };
}

async function movedBy(admin: QueueAdmin, of: Source, options?: RedriveOptions): Promise<number[]> {
  const counts: number[] = [];
  for await (const { moved } of admin.redrive(of, options)) counts.push(moved);
  return counts;
}

describe("create", () => {
  test("makes the dead letters first, then the queue wired to them, with room above the attempts", async () => {
    const { service, admin } = bench();
    await admin.create(defineQueue("orders", { retry: { attempts: 3 }, lease: "30s" }));
    await admin.create(defineQueue("orders", { retry: { attempts: 3 }, lease: "30s" }));
    expect(service.log.filter((line) => line.startsWith("create")).slice(0, 2)).toEqual([
      "create orders-dead",
      "create orders",
    ]);
    expect(service.created.get("orders-dead")).toEqual({});
    expect(service.created.get("orders")).toMatchObject({
      maxDeliveries: 8,
      leaseMs: 30_000,
      deadLetter: { entity: "orders-dead" },
    });
  });

  test("tells what the service leaves to somebody else, with the entity", async () => {
    const { admin, notices } = bench({ leftByCreate: ["Grant something."] });
    await admin.create(orders);
    expect(notices).toEqual([
      { target: expect.stringContaining("orders-dead"), text: "Grant something." },
      { target: expect.stringMatching(/orders$/u), text: "Grant something." },
    ]);
    const silent = bench();
    await silent.admin.create(orders);
    expect(silent.notices).toEqual([]);
  });

  test.each([
    [1, 6],
    [5, 10],
    [6, 12],
    [100, 200],
  ])("%i attempts leave the service %i deliveries", (attempts, deliveries) => {
    expect(maxDeliveriesFor(attempts, { ordering: "none", deliveryCount: "approximate" })).toBe(deliveries);
    expect(maxDeliveriesFor(attempts, { ordering: "by-key", deliveryCount: "exact" })).toBe(deliveries);
  });

  test("a service that counts the followers of a failing message has room for ten that fail in turn", () => {
    const counts = { ordering: "by-key", deliveryCount: "approximate" } as const;
    expect([1, 5].map((attempts) => maxDeliveriesFor(attempts, counts))).toEqual([10, 50]);
  });

  test("wires nothing without dead letters, and only creates them where attempts are unlimited", async () => {
    const { service, admin } = bench();
    await admin.create(defineQueue("a", { deadLetter: "none" }));
    expect([...service.created.keys()]).toEqual(["a"]);
    await admin.create(defineQueue("b", { retry: { attempts: "unlimited" } }));
    expect([...service.created.keys()]).toEqual(["a", "b-dead", "b"]);
    expect(service.created.get("b")).toEqual({ leaseMs: 60_000 });
  });

  test("a subscription gets its topic, dead letters can be created alone", async () => {
    const { service, admin } = bench({}, { prefix: "dev-" });
    await admin.create(defineTopic("placed").subscription("billing"));
    expect([...service.created.keys()]).toEqual([
      "dev-placed",
      "dev-placed-billing-dead",
      "dev-placed-billing",
    ]);
    expect(service.created.get("dev-placed")).toEqual({});
    await admin.create(deadLetters(orders));
    expect([...service.created.keys()].at(-1)).toBe("dev-orders-dead");
  });

  test("refuses a need that the provider cannot meet before it creates anything", async () => {
    const { service, admin } = bench();
    const definition = defineQueue("q", { schema: unchecked<string>(), needs: ["delay"] });
    await expect(admin.create(definition)).rejects.toMatchObject({ code: "UNSUPPORTED", feature: "delay" });
    expect(service.created.size).toBe(0);
  });
});

test("inspect counts the queue and its dead letters, where the service says they are", async () => {
  const facts = { orders: { deadLetterEntity: "failed", unknown: [] } };
  const { service, admin } = bench({ facts });
  service.put("orders", { id: "1" });
  for (const id of ["2", "3"]) service.put("failed", { id });
  expect(await admin.inspect(orders)).toEqual({ ready: 1, inFlight: 0, deadLettered: 2, approximate: false });
  expect(await admin.inspect(deadLetters(orders))).toEqual({ ready: 2, inFlight: 0, approximate: false });
});

test("inspect leaves out dead letters that do not exist, and rejects for a queue that does not", async () => {
  const { service, admin } = bench();
  await expect(admin.inspect(orders)).rejects.toMatchObject({ code: "NOT_FOUND", operation: "admin" });
  service.put("orders", { id: "1" });
  expect(await admin.inspect(orders)).toEqual({ ready: 1, inFlight: 0, approximate: false });
});

test("purge empties, delete deletes, list lists: what is named and nothing else", async () => {
  const { service, admin } = bench({}, { prefix: "dev-" });
  for (const entity of ["dev-orders", "dev-orders-dead", "prod-orders"]) service.put(entity, { id: entity });
  expect(await admin.list()).toEqual(["dev-orders", "dev-orders-dead"]);
  expect(await admin.list("nothing")).toEqual([]);
  await admin.purge(orders);
  expect([service.ids("dev-orders"), service.ids("dev-orders-dead")]).toEqual([[], ["dev-orders-dead"]]);
  await admin.delete(deadLetters(orders));
  expect(await admin.list()).toEqual(["dev-orders"]);
});

test.each([null, 5, "now", { signal: 5 }, { signal: null }, { signal: {} }])(
  "options that are none are refused: %j",
  async (given) => {
    const { admin } = bench();
    const options = given as never;
    for (const call of [
      async () => await admin.create(orders, options),
      async () => await admin.inspect(orders, options),
      async () => await admin.purge(orders, options),
      async () => await admin.seek(orders, new Date(), options),
      async () => await admin.delete(orders, options),
      async () => await admin.list("", options),
      async () => await movedBy(admin, orders, options),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("options"),
      });
    }
  },
);

test("a call whose signal is aborted is CANCELLED, after close() CLOSED", async () => {
  const { admin, ending, service } = bench();
  const reason = new Error("enough");
  await expect(admin.purge(orders, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    code: "CANCELLED",
    cause: reason,
  });
  ending.abort(new QueueError("CLOSED", { what: "the client was closed" }));
  await expect(admin.create(orders)).rejects.toMatchObject({ code: "CLOSED" });
  expect(service.created.size).toBe(0);
});

test("a provider without administration is UNSUPPORTED", async () => {
  const { admin } = bench({ hasAdmin: false });
  await expect(admin.create(orders)).rejects.toMatchObject({ code: "UNSUPPORTED", feature: "admin" });
});

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
    expect(await movedBy(admin, orders)).toEqual([2, 3, 4, 5]);
    expect(service.log.filter((line) => line.startsWith("send"))).toEqual([
      "send orders a,b",
      "send orders c",
      "send orders d",
      "send orders e",
    ]);
  });

  test("the service moves by itself where all is to be moved and it can", async () => {
    const { service, admin } = dead({ nativeRedrive: true });
    expect(await movedBy(admin, orders)).toEqual([7]);
    expect(service.log).toContain("native redrive orders-dead to orders");
    expect((await movedBy(admin, orders, { max: 1 })).at(-1)).toBe(1);
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
