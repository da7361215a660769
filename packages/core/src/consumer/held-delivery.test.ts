import { describe, expect, test } from "vitest";
import { QueueError } from "../errors/queue-error.ts";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";

const error = new QueueError("LEASE_LOST", { what: "gone" });

describe("a delivery in hand", () => {
  test("goes from waiting to running to settling to done, and never back", () => {
    const held = new HeldDelivery(delivery("h"), undefined, 1);
    expect(held.state).toBe("waiting");
    held.become("running");
    held.become("settling");
    expect(() => {
      held.become("running");
    }).toThrow("from settling to running");
    held.finish();
    held.finish(error);
    expect(held.state).toBe("done");
  });

  test.each([
    ["waiting", [], ["running", "parked", "settling", "done"]],
    ["running", ["running"], ["parked", "settling", "done"]],
    ["parked", ["parked"], ["settling", "done"]],
    ["settling", ["settling"], ["parked", "done"]],
    ["done", ["done"], []],
  ] as const)("that is %s becomes what may follow and nothing else", (state, path, following) => {
    const states = ["waiting", "running", "parked", "settling", "done"] as const;
    const reached = states.filter((next) => {
      const held = new HeldDelivery(delivery("h"), undefined, 1);
      for (const step of path) held.become(step);
      try {
        held.become(next);
      } catch {}
      return held.state === next && next !== state;
    });
    expect(reached).toEqual(following);
  });

  test("starts without a lease, a permit or a decision, and takes room", () => {
    const held = new HeldDelivery(delivery("h"), "k", 7);
    expect([held.key, held.ask, held.takesRoom, held.hasPermit, held.isHandlerActive]).toEqual([
      "k",
      7,
      true,
      false,
      false,
    ]);
    expect([held.isSubmitted, held.wasAmbiguous, held.abortReason, held.outcome]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ]);
  });

  test("has one signal, that is not aborted where nothing was", () => {
    const held = new HeldDelivery(delivery("h"), undefined, 1);
    expect(held.signal).toBe(held.signal);
    expect(held.signal.aborted).toBe(false);
    held.abort(error);
    expect(held.abortReason).toBe(error);
  });

  test("tells a good end to who waited for it", async () => {
    const held = new HeldDelivery(delivery("h"), undefined, 1);
    let isDone = false;
    const waiting = held.completion().then(() => {
      isDone = true;
    });
    await Promise.resolve();
    expect(isDone).toBe(false);
    held.finish();
    await waiting;
    await held.completion();
  });

  test("aborts its signal once, also for those who look later", () => {
    const early = new HeldDelivery(delivery("h"), undefined, 1);
    const { signal } = early;
    early.abort(error);
    early.abort(new QueueError("TIMEOUT", { what: "second" }));
    expect(signal.reason).toBe(error);
    expect(early.abortReason).toBe(error);
    const late = new HeldDelivery(delivery("h"), undefined, 1);
    late.abort(error);
    expect(late.signal.reason).toBe(error);
  });

  test("tells its end to everybody who waits, before or after", async () => {
    const held = new HeldDelivery(delivery("h"), undefined, 1);
    const waiting = held.completion();
    held.finish(error);
    await expect(waiting).rejects.toBe(error);
    await expect(held.completion()).rejects.toBe(error);
    const good = new HeldDelivery(delivery("h"), undefined, 1);
    good.finish();
    await good.completion();
  });

  test("counts attempts from 1, also where the provider cannot tell", () => {
    expect(new HeldDelivery(delivery("h"), undefined, 1).attempt).toBe(1);
    expect(new HeldDelivery(delivery("h", { deliveryCount: 4 }), undefined, 1).attempt).toBe(4);
  });
});
