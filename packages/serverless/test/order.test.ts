import { defineQueue, unchecked } from "@anyqueue/core";
import { systemClock, type Target } from "@anyqueue/core/adapter";
import { memory } from "@anyqueue/memory";
import { describe, expect, test } from "vitest";
import { eventBench, eventually, kinds, orderDelivery, type Order } from "./event-bench.ts";

/** A real adapter's queue, but without ordering. */
function unordered(): Target {
  const url = { scheme: "memory", authority: "", path: "", parameters: {}, text: "memory:" };
  const target = memory()
    .connect(url, { clock: systemClock })
    .resolve({ kind: "queue", name: "q", features: [] });
  return { ...target, capabilities: { ...target.capabilities, ordering: "none" } };
}

function keyed(key: string, id: string): ReturnType<typeof orderDelivery> {
  return orderDelivery(id, { orderingKey: key });
}

describe("messages of one ordering key", () => {
  test("run one at a time in the event's order, keys in parallel", async () => {
    const running = new Set<string>();
    const order: string[] = [];
    let most = 0;
    const { call, clock } = eventBench(async ({ id, orderingKey = "" }) => {
      expect(running.has(orderingKey)).toBe(false);
      running.add(orderingKey);
      most = Math.max(most, running.size);
      order.push(id);
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 100));
      running.delete(orderingKey);
    });
    const deliveries = ["a1", "b1", "a2", "b2", "c1", "a3"].map((id) => keyed(id.slice(0, 1), id));
    expect(kinds(await eventually(clock, call({ deliveries })))).toEqual(deliveries.map(() => "ack"));
    expect(order.filter((id) => id.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
    expect(order.filter((id) => id.startsWith("b"))).toEqual(["b1", "b2"]);
    expect(most).toBe(3);
  });

  test("are given back unhandled after a failure of their key; other keys go on", async () => {
    const seen: string[] = [];
    const { call } = eventBench(({ id }) => {
      seen.push(id);
      if (id === "a2") throw new Error("down");
    });
    const deliveries = ["a1", "a2", "b1", "a3", "b2"].map((id) => keyed(id.slice(0, 1), id));
    expect(await call({ deliveries })).toMatchObject([
      { kind: "ack" },
      { kind: "release", cause: "retry" },
      { kind: "ack" },
      { kind: "release", cause: "unstarted" },
      { kind: "ack" },
    ]);
    expect(seen).not.toContain("a3");
  });

  test("go on after one of them is in the dead letters, and not before that is confirmed", async () => {
    let confirm = (): void => {};
    const seen: string[] = [];
    const { call, clock } = eventBench(
      ({ id }) => {
        seen.push(id);
        if (id === "a1") throw new Error("down");
      },
      {
        batch: {
          settle: {
            deadLetterBatch: async (items) => {
              await new Promise<void>((resolve) => {
                confirm = resolve;
              });
              return items.map(() => ({ ok: true, value: undefined }));
            },
          },
        },
      },
    );
    const deliveries = [orderDelivery("a1", { orderingKey: "a", deliveryCount: 3 }), keyed("a", "a2")];
    const reply = call({ deliveries });
    await clock.settle();
    expect(seen).toEqual(["a1"]);
    confirm();
    expect(kinds(await reply)).toEqual(["dead-letter", "ack"]);
    expect(seen).toEqual(["a1", "a2"]);
  });

  test("are given back with one that could not be dead-lettered", async () => {
    const seen: string[] = [];
    const { call, clock } = eventBench(
      ({ id }) => {
        seen.push(id);
        throw new Error("down");
      },
      { batch: { settle: { deadLetterBatch: async () => await Promise.reject(new Error("denied")) } } },
    );
    const deliveries = [orderDelivery("a1", { orderingKey: "a", deliveryCount: 3 }), keyed("a", "a2")];
    expect(kinds(await eventually(clock, call({ deliveries })))).toEqual(["release", "release"]);
    expect(seen).toEqual(["a1"]);
  });

  test("stay blocked for the rest of the event by one whose handler ran out of time", async () => {
    const seen: string[] = [];
    const { call, clock } = eventBench(
      async ({ id }) => {
        seen.push(id);
        if (id === "a1") await new Promise<void>((resolve) => void clock.setTimer(resolve, 60_000));
      },
      { options: { handlerTimeout: "1s" } },
    );
    const deliveries = [keyed("a", "a1"), keyed("a", "a2")];
    expect(kinds(await eventually(clock, call({ deliveries })))).toEqual(["release", "release"]);
    await clock.advance("2m");
    expect(seen).toEqual(["a1"]);
  });
});

test("with the scope of the whole batch nothing starts after a failure, and what runs ends", async () => {
  const seen: string[] = [];
  const { call, clock } = eventBench(
    async ({ id }) => {
      seen.push(id);
      if (id === "a1") throw new Error("down");
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 100));
    },
    { batch: { failureScope: "batch" }, options: { concurrency: 2 } },
  );
  const deliveries = ["a1", "b1", "c1", "a2"].map((id) => keyed(id.slice(0, 1), id));
  const outcomes = await eventually(clock, call({ deliveries }));
  expect(outcomes).toMatchObject([
    { kind: "release", cause: "retry" },
    { kind: "ack" },
    { kind: "release", cause: "unstarted" },
    { kind: "release", cause: "unstarted" },
  ]);
  expect(seen).toEqual(["a1", "b1"]);
});

test("a definition that needs order is refused by a queue that keeps none, before any handler runs", async () => {
  const ordered = defineQueue("ordered", { schema: unchecked<Order>(), orderingKey: ({ order }) => order });
  let runs = 0;
  const { call } = eventBench(() => (runs += 1), { definition: ordered, batch: { target: unordered() } });
  await expect(call({ deliveries: [orderDelivery("a")] })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    feature: "ordering",
  });
  expect(runs).toBe(0);
});
