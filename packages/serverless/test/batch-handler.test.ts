import type { BatchHandler } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { eventBench, eventually, kinds, orderDelivery, type Order, untilAborted } from "./event-bench.ts";

const SIX = ["1", "2", "3", "4", "5", "6"];

function deliveries(ids: readonly string[] = SIX): ReturnType<typeof orderDelivery>[] {
  return ids.map((id) => orderDelivery(id));
}

describe("a batch handler", () => {
  test("gets up to size messages at once and acknowledges them by returning", async () => {
    const sizes: number[] = [];
    const batchHandler: BatchHandler<Order> = async (messages) => void sizes.push(messages.length);
    const { call } = eventBench({ batchHandler, size: 4 });
    expect(kinds(await call({ deliveries: deliveries() }))).toEqual(SIX.map(() => "ack"));
    expect(sizes).toEqual([4, 2]);
  });

  test("decides over each message with PromiseSettledResults", async () => {
    const { call } = eventBench({
      batchHandler: async (messages) =>
        await Promise.allSettled(
          messages.map(async ({ body }) => {
            if (Number(body.order) % 2 === 0) throw new Error("even");
          }),
        ),
    });
    expect(kinds(await call({ deliveries: deliveries() }))).toEqual([
      "ack",
      "release",
      "ack",
      "release",
      "ack",
      "release",
    ]);
  });

  test("fails all of its messages by throwing, and by answering for too few", async () => {
    for (const batchHandler of [async () => await Promise.reject(new Error("down")), async () => []]) {
      const { call } = eventBench({ batchHandler });
      expect(kinds(await call({ deliveries: deliveries() }))).toEqual(SIX.map(() => "release"));
    }
  });

  test("never sees an undecodable message, nor two messages of one key", async () => {
    const seen: string[][] = [];
    const batchHandler: BatchHandler<Order> = async (messages) =>
      void seen.push(messages.map(({ id }) => id));
    const { call } = eventBench({ batchHandler });
    const event = [
      orderDelivery("a1", { orderingKey: "a" }),
      orderDelivery("a2", { orderingKey: "a" }),
      orderDelivery("bad", { body: new TextEncoder().encode("{") }),
      orderDelivery("b1", { orderingKey: "b" }),
    ];
    expect(kinds(await call({ deliveries: event }))).toEqual(["ack", "ack", "release", "ack"]);
    expect(seen).toEqual([["a1", "b1"], ["a2"]]);
  });

  test("runs as often at once as concurrency says, over events too, and an abandoned one holds up none", async () => {
    let running = 0;
    let most = 0;
    const batches: string[][] = [];
    const { call, clock } = eventBench(
      {
        size: 10,
        batchHandler: async (messages) => {
          batches.push(messages.map(({ id }) => id));
          most = Math.max(most, (running += 1));
          if (batches.length === 1) await new Promise<void>((resolve) => void clock.setTimer(resolve, 100));
          else if (batches.length === 2) return await new Promise(() => {});
          running -= 1;
        },
      },
      { options: { concurrency: 1 } },
    );
    const events = [["a"], ["b"], ["c"]].map((ids) =>
      call({ deliveries: deliveries(ids), timeoutMs: 10_000 }),
    );
    const later = call({ deliveries: deliveries(["d", "e"]), timeoutMs: 60_000 });
    const replies = await eventually(clock, Promise.all([...events, later]));
    expect(replies.map(kinds)).toEqual([["ack"], ["release"], ["release"], ["ack", "ack"]]);
    expect(batches).toEqual([["a"], ["b"], ["d", "e"]]);
    expect(most).toBe(2);
  });

  test("that hangs holds up the others of its event no longer than handlerTimeout", async () => {
    const batches: string[][] = [];
    const { call, clock } = eventBench(
      {
        size: 1,
        batchHandler: async (messages) => {
          batches.push(messages.map(({ id }) => id));
          if (batches.length === 1) await new Promise(() => {});
        },
      },
      { options: { concurrency: 1, handlerTimeout: "2s" } },
    );
    const reply = call({ deliveries: deliveries(["a", "b"]), timeoutMs: 60_000 });
    expect(kinds(await eventually(clock, reply))).toEqual(["release", "ack"]);
    expect(batches).toEqual([["a"], ["b"]]);
    expect(clock.now()).toBe(2_000);
  });

  test("is stopped by the end of the platform's time", async () => {
    const { call, clock } = eventBench({
      batchHandler: async (_messages, { signal }) => {
        await untilAborted(signal);
      },
    });
    const outcomes = await eventually(clock, call({ deliveries: deliveries(), timeoutMs: 30_000 }));
    expect(outcomes.every((outcome) => outcome.kind === "release" && outcome.cause === "unstarted")).toBe(
      true,
    );
  });
});
