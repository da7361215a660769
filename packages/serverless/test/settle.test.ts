import { DeadLetterError } from "@anyqueue/core";
import type { ItemResult, ReleaseItem } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { eventBench, eventually, kinds, orderDelivery } from "./event-bench.ts";

const OK: ItemResult = { ok: true, value: undefined };
const NO: ItemResult = { ok: false, error: new Error("refused") };

describe("what a source can settle itself", () => {
  test("is settled once per delivery, before the reply, and delays are the service's", async () => {
    const acked: string[] = [];
    const released: ReleaseItem<string>[] = [];
    let before = -1;
    const { call } = eventBench(
      ({ id }) => {
        if (id === "b") throw new Error("down");
      },
      {
        onReply: () => (before = acked.length + released.length),
        batch: {
          settle: {
            ackBatch: async (handles) => handles.map((handle) => (acked.push(handle), OK)),
            releaseBatch: async (items) => items.map((item) => (released.push(item), OK)),
          },
        },
      },
    );
    const deliveries = ["a", "b", "c"].map((id) => orderDelivery(id));
    expect(kinds(await call({ deliveries }))).toEqual(["ack", "release", "ack"]);
    expect(acked).toEqual([deliveries[0]?.handle, deliveries[2]?.handle]);
    expect(released).toEqual([{ handle: deliveries[1]?.handle, delayMs: 7_000, cause: "retry" }]);
    expect(before).toBe(3);
  });

  test("is tried again while the failure may pass", async () => {
    let tries = 0;
    const { call, clock } = eventBench(() => undefined, {
      batch: {
        adapter: { name: "test", classify: () => ({ code: "UNAVAILABLE", retryable: true }) },
        settle: { ackBatch: async (handles) => handles.map(() => ((tries += 1) < 3 ? NO : OK)) },
      },
    });
    expect(kinds(await eventually(clock, call({ deliveries: [orderDelivery("a")] })))).toEqual(["ack"]);
    expect(tries).toBe(3);
  });

  test("and could not be dead-lettered is handled again when the platform could not be told", async () => {
    let isDown = true;
    const seen: string[] = [];
    const { call, clock, emitted } = eventBench(
      ({ id }) => {
        seen.push(id);
        if (id === "a") throw new DeadLetterError("no such customer");
      },
      {
        onReply: () => {
          if (isDown) throw new Error("the whole event is refused");
        },
        batch: {
          adapter: { name: "test", classify: () => ({ code: "NOT_FOUND", retryable: false }) },
          settle: { deadLetterBatch: async (items) => items.map(() => (isDown ? NO : OK)) },
        },
      },
    );
    const deliveries = ["a", "b"].map((id) => orderDelivery(id));
    await expect(eventually(clock, call({ deliveries }))).rejects.toThrow("refused");
    isDown = false;
    const again = deliveries.map((each, index) => ({ ...each, handle: `again-${index}` }));
    expect(kinds(await eventually(clock, call({ deliveries: again })))).toEqual(["dead-letter", "ack"]);
    expect(seen).toEqual(["a", "b", "a"]);
    expect(emitted).toContainEqual({ name: "redelivery-acked", event: expect.objectContaining({ id: "b" }) });
  });

  test("but cannot be, is a failure for the platform although the handler ran", async () => {
    const { call, clock, emitted } = eventBench(() => undefined, {
      batch: {
        adapter: { name: "test", classify: () => ({ code: "ACCESS_DENIED", retryable: false }) },
        settle: { ackBatch: async (handles) => handles.map(() => NO) },
      },
    });
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")] }));
    expect(outcomes).toMatchObject([{ kind: "release", error: { code: "ACCESS_DENIED", provider: "test" } }]);
    expect(emitted).toContainEqual({
      name: "settle-failed",
      event: expect.objectContaining({ kind: "ack" }),
    });
  });

  test("but failed to be: the handler does not run again when the message comes to the same process", async () => {
    let runs = 0;
    let isBroken = true;
    const { call, clock, emitted } = eventBench(() => (runs += 1), {
      batch: { settle: { ackBatch: async (handles) => handles.map(() => (isBroken ? NO : OK)) } },
    });
    const message = orderDelivery("a");
    await eventually(clock, call({ deliveries: [message] }));
    isBroken = false;
    const again = { ...message, handle: "another" };
    expect(kinds(await call({ deliveries: [again] }))).toEqual(["ack"]);
    expect(runs).toBe(1);
    expect(emitted.at(-1)).toMatchObject({ name: "redelivery-acked" });
  });

  test("a dead letter that was refused stays in its queue", async () => {
    const { call, clock, emitted } = eventBench(
      () => {
        throw new DeadLetterError("bad");
      },
      { batch: { settle: { deadLetterBatch: async (items) => items.map(() => NO) } } },
    );
    expect(kinds(await eventually(clock, call({ deliveries: [orderDelivery("a")] })))).toEqual(["release"]);
    expect(emitted.map(({ name }) => name)).toContain("dead-letter-failed");
    expect(emitted.map(({ name }) => name)).not.toContain("dead-lettered");
  });

  test("a release that was refused is a release all the same", async () => {
    const { call, clock } = eventBench(
      () => {
        throw new Error("down");
      },
      { batch: { settle: { releaseBatch: async (items) => items.map(() => NO) } } },
    );
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")] }));
    expect(outcomes).toMatchObject([{ kind: "release", delayMs: 7_000 }]);
  });
});

describe("extend", () => {
  test("lengthens the lease where the source can, for the time asked", async () => {
    const extended: number[] = [];
    const { call } = eventBench(async (_message, { extend }) => await extend("10m"), {
      batch: {
        settle: {
          extendBatch: async (items) =>
            items.map(({ leaseMs }) => {
              extended.push(leaseMs);
              return { ok: true, value: { leaseMs } };
            }),
        },
      },
    });
    const deliveries = [orderDelivery("a", { leaseMs: Number.POSITIVE_INFINITY })];
    expect(kinds(await call({ deliveries }))).toEqual(["ack"]);
    expect(extended).toEqual([600_000]);
  });

  test("is refused where the source cannot", async () => {
    const { call } = eventBench(async (_message, { extend }) => {
      await expect(extend("10m")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    });
    expect(kinds(await call({ deliveries: [orderDelivery("a")] }))).toEqual(["ack"]);
  });
});

describe("a reply that fails", () => {
  test("rejects, and what was done is not done again when the platform redelivers", async () => {
    const runs: string[] = [];
    let isBroken = true;
    const { call } = eventBench(
      ({ id }) => {
        runs.push(id);
        if (id === "b") throw new Error("down");
      },
      {
        onReply: () => {
          if (isBroken) throw new Error("the platform hung up");
        },
      },
    );
    const deliveries = ["a", "b"].map((id) => orderDelivery(id));
    await expect(call({ deliveries })).rejects.toThrow("the platform hung up");
    isBroken = false;
    expect(kinds(await call({ deliveries }))).toEqual(["ack", "release"]);
    expect(runs).toEqual(["a", "b", "b"]);
  });
});

describe("what the platform was told already that it is done", () => {
  test("is acked without its handler, each time that it comes, and reported", async () => {
    const runs: string[] = [];
    const settled = orderDelivery("a");
    const { call, emitted } = eventBench(({ id }) => void runs.push(id), {
      batch: { wasSettled: (providerId) => providerId === settled.providerId },
    });
    for (let time = 0; time < 2; time += 1) {
      const deliveries = [settled, orderDelivery("b")];
      expect(kinds(await call({ deliveries }))).toEqual(["ack", "ack"]);
    }
    expect(runs).toEqual(["b", "b"]);
    expect(emitted.filter(({ name }) => name === "redelivery-acked")).toHaveLength(2);
  });
});
