import { describe, expect, test } from "vitest";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { KeyLanes } from "./key-lanes.ts";

const held = (providerId: string, ask = 1): HeldDelivery =>
  new HeldDelivery({ ...delivery(providerId), providerId, orderingKey: "k" }, "k", ask);

/** Four deliveries of one key: the first runs, the third is lost while it waits. */
function blocked() {
  const lanes = new KeyLanes();
  const [m1, m2, m3, m4] = [held("m1"), held("m2"), held("m3"), held("m4")];
  for (const one of [m1, m2, m3, m4]) lanes.place(one, "k", 0);
  expect(lanes.block(m3)).toEqual([m4]);
  return { lanes, m1, m2 };
}

describe("a block of one that waited", () => {
  test("lets run what waits before it", () => {
    const { lanes, m1, m2 } = blocked();
    expect(lanes.waiting).toBe(1);
    expect(lanes.finish(m1)).toBe(m2);
    expect(lanes.finish(m2)).toBeUndefined();
    expect([lanes.waiting, lanes.place(held("m3"), "k", 0)]).toEqual([0, "ready"]);
  });

  test("has its message, come again, and what comes with it, run after that", () => {
    const { lanes, m1, m2 } = blocked();
    const again = [held("m3", 2), held("m4", 2)];
    expect(again.map((one) => lanes.place(one, "k", 0))).toEqual(["waiting", "waiting"]);
    let last = m1;
    for (const next of [m2, ...again]) {
      expect(lanes.finish(last)).toBe(next);
      last = next;
    }
    expect([lanes.finish(last), lanes.waiting]).toEqual([undefined, 0]);
  });

  test.each(["m1", "m2"] as const)("gives way to that of one before it (%s)", (earlier) => {
    const { lanes, m1, m2 } = blocked();
    const again = held("m3", 2);
    lanes.place(again, "k", 0);
    expect(lanes.block(earlier === "m1" ? m1 : m2)).toEqual(earlier === "m1" ? [m2, again] : [again]);
    expect(lanes.place(held("m3", 3), "k", 0)).toBe("follower");
    expect(lanes.finish(m1)).toBeUndefined();
    expect(lanes.place(held(earlier, 3), "k", 0)).toBe("ready");
  });

  test("passes over what was lost before it as well", () => {
    const { lanes, m1, m2 } = blocked();
    m2.finish(undefined);
    expect(lanes.finish(m1)).toBeUndefined();
    expect(lanes.waiting).toBe(0);
  });

  test("gives up what waits before it with the rest", () => {
    const { lanes, m2 } = blocked();
    const again = held("m3", 2);
    lanes.place(again, "k", 0);
    expect(lanes.takeWaiting()).toEqual([m2, again]);
    expect(lanes.waiting).toBe(0);
  });
});
