import { describe, expect, test } from "vitest";
import { adminBench as bench, movedBy } from "../../test/admin-bench.ts";
import { QueueError } from "../errors/queue-error.ts";
import { deadLetters, defineQueue, defineTopic, unchecked } from "../message/queue-definition.ts";
import { maxDeliveriesFor } from "./admin.ts";
import type { QueueAdmin } from "./client-types.ts";

const orders = defineQueue("orders");

describe("create", () => {
  test("refuses a lease that no consumer could ask for, before anything is made", async () => {
    const { service, admin } = bench();
    await expect(admin.create(defineQueue("orders", { lease: "13h" }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("lease: expected"),
    });
    expect(service.log.filter((line) => line.startsWith("create"))).toEqual([]);
  });

  test("refuses more attempts than the service makes deliveries, before anything is made", async () => {
    const { service, admin } = bench({ limits: { maxDeliveries: 1_000 } });
    await expect(admin.create(defineQueue("orders", { retry: { attempts: 1_001 } }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("1001 attempts, but the service dead-letters after 1000 deliveries"),
      remedy: expect.stringContaining("1000"),
    });
    expect(service.log.filter((line) => line.startsWith("create"))).toEqual([]);
  });

  test.each([
    [100, 200],
    [501, 1_000],
    [1_000, 1_000],
  ])("%i attempts have what room the service's limit leaves: %i deliveries", async (attempts, deliveries) => {
    const { service, admin } = bench({ limits: { maxDeliveries: 1_000 } });
    await admin.create(defineQueue("orders", { retry: { attempts } }));
    expect(service.created.get("orders")).toMatchObject({ maxDeliveries: deliveries });
  });

  test("takes any number of attempts where the service does not count them", async () => {
    const { service, admin } = bench({ limits: { maxDeliveries: 1_000 } });
    await admin.create(defineQueue("orders", { retry: { attempts: 5_000 }, deadLetter: "none" }));
    await admin.create(defineQueue("endless", { retry: { attempts: "unlimited" } }));
    expect(service.created.get("orders")).not.toHaveProperty("maxDeliveries");
    expect(service.created.get("endless")).not.toHaveProperty("maxDeliveries");
  });

  test("goes by what the configuration gives to all consumers, as they do", async () => {
    const consumer = { lease: "30s", retry: { attempts: 20 } };
    const { service, admin } = bench({}, { queues: { orders: { consumer } } });
    await admin.create(defineQueue("orders", { lease: "13h", retry: { attempts: 3 } }));
    expect(service.created.get("orders")).toMatchObject({ leaseMs: 30_000, maxDeliveries: 40 });
    const plain = bench({}, { queues: { orders: { consumer: { deadLetter: "none" } } } });
    await plain.admin.create(orders);
    expect([...plain.service.created.keys()]).toEqual(["orders"]);
  });

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

describe("a driver that ignores its signal", () => {
  const hangs = async (): Promise<never> => await new Promise(() => {});

  test.each([
    ["create", async (admin: QueueAdmin, signal: AbortSignal) => await admin.create(orders, { signal })],
    ["inspect", async (admin: QueueAdmin, signal: AbortSignal) => await admin.inspect(orders, { signal })],
    ["purge", async (admin: QueueAdmin, signal: AbortSignal) => await admin.purge(orders, { signal })],
    ["delete", async (admin: QueueAdmin, signal: AbortSignal) => await admin.delete(orders, { signal })],
    ["list", async (admin: QueueAdmin, signal: AbortSignal) => await admin.list("", { signal })],
  ])("does not hold up the caller of %s who aborts", async (name, call) => {
    const { admin } = bench({ admin: { [name]: hangs } });
    const controller = new AbortController();
    const ended = call(admin, controller.signal);
    await Promise.resolve();
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(ended).rejects.toMatchObject({ code: "CANCELLED", ambiguous: true, cause: reason });
  });

  test("nor the close of the client, also in a look", async () => {
    const { admin, ending } = bench({ probe: hangs });
    const purged = admin.purge(deadLetters(orders));
    const moved = movedBy(admin, orders);
    await Promise.resolve();
    ending.abort(new QueueError("CLOSED", { what: "the client was closed" }));
    await expect(purged).rejects.toMatchObject({ code: "CLOSED" });
    await expect(moved).rejects.toMatchObject({ code: "CLOSED" });
  });
});

test("a provider without administration is UNSUPPORTED", async () => {
  const { admin } = bench({ hasAdmin: false });
  await expect(admin.create(orders)).rejects.toMatchObject({ code: "UNSUPPORTED", feature: "admin" });
});
