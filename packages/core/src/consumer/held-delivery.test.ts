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

  test("aborts its signal once, also for those who look later", () => {
    const early = new HeldDelivery(delivery("h"), undefined, 1);
    const { signal } = early;
    early.abort(error);
    early.abort(new QueueError("TIMEOUT", { what: "second" }));
    expect(signal.reason).toBe(error);
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
