import { expect, test } from "vitest";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { KeyLanes } from "./key-lanes.ts";

const held = (providerId: string, ask: number): HeldDelivery =>
  new HeldDelivery({ ...delivery(providerId), providerId, orderingKey: "k" }, "k", ask);

/** A lane whose message failed during ask 1 and is expected again at 1,000. */
function blockedLanes(): KeyLanes {
  const lanes = new KeyLanes();
  const failed = held("m1", 1);
  lanes.place(failed, "k", 0);
  lanes.block(failed);
  lanes.vacate(failed);
  lanes.confirmBlock(failed, 1_000, 1);
  return lanes;
}

test("what comes with the failed one, in answer to an ask that was out already, waits behind it", () => {
  const lanes = blockedLanes();
  expect(lanes.place(held("m1", 1), "k", 990)).toBe("ready");
  expect(lanes.place(held("m2", 1), "k", 990)).toBe("waiting");
});

test("what was asked for since waits behind it as well, also a little early", () => {
  const lanes = blockedLanes();
  lanes.place(held("m1", 1), "k", 980);
  expect(lanes.place(held("m2", 2), "k", 985)).toBe("waiting");
});

test("what comes in such an answer without the failed one must not run before it", () => {
  const lanes = blockedLanes();
  expect(lanes.place(held("m2", 1), "k", 2_000)).toBe("follower");
  expect(lanes.place(held("m1", 2), "k", 2_000)).toBe("ready");
  expect(lanes.place(held("m2", 1), "k", 2_000)).toBe("follower");
});

test("a driver that keeps back what is early may bring the failed one and the next before its answer, one by one", () => {
  const lanes = new KeyLanes(true);
  const failed = held("m1", 1);
  lanes.place(failed, "k", 0);
  lanes.block(failed);
  lanes.vacate(failed);
  // The answer to the release is lost or late; the message is here again.
  expect(lanes.place(held("m1", 1), "k", 10)).toBe("ready");
  expect(lanes.place(held("m2", 2), "k", 11)).toBe("waiting");
});
