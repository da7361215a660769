import { describe, expect, test } from "vitest";
import { QueueError } from "../errors/queue-error.ts";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { KeyLanes } from "./key-lanes.ts";

const held = (providerId: string, ask = 1, key = "k"): HeldDelivery =>
  new HeldDelivery({ ...delivery(providerId), providerId, orderingKey: key }, key, ask);

const idOf = (one: HeldDelivery | undefined): string | undefined => one?.delivery.providerId;
const idsOf = (all: readonly HeldDelivery[]): readonly (string | undefined)[] => all.map(idOf);

/** The deliveries of one key, placed in turn during ask 1: the first may run. */
function filledLanes<Name extends string>(...names: readonly Name[]) {
  const lanes = new KeyLanes();
  const all = names.map((name) => held(name));
  for (const one of all) lanes.place(one, "k", 0);
  const of = (name: Name): HeldDelivery => {
    const found = all.find((one) => idOf(one) === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  return { lanes, of };
}

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

describe("a lane", () => {
  test("lets one delivery of its key run, and the next when that is done with, in their order", () => {
    const lanes = new KeyLanes();
    const [first, second, third] = [held("m1"), held("m2"), held("m3")];
    expect(lanes.place(first, "k", 0)).toBe("ready");
    expect(lanes.place(second, "k", 0)).toBe("waiting");
    expect(lanes.place(third, "k", 0)).toBe("waiting");
    expect(lanes.waiting).toBe(2);
    expect(lanes.finish(first)).toBe(second);
    expect(lanes.waiting).toBe(1);
    expect(lanes.finish(first)).toBeUndefined(); // the second runs
    expect(lanes.finish(second)).toBe(third);
    expect(lanes.finish(third)).toBeUndefined();
    expect(lanes.waiting).toBe(0);
    expect(lanes.place(held("m4"), "k", 0)).toBe("ready");
  });

  test("has nothing to do with other keys, nor with deliveries that have none", () => {
    const lanes = new KeyLanes();
    const one = held("m1");
    lanes.place(one, "k", 0);
    const other = held("m2", 1, "other");
    expect(lanes.place(other, "other", 0)).toBe("ready");
    lanes.block(one);
    expect(lanes.place(held("m3", 1, "other"), "other", 0)).toBe("waiting");
    expect(idOf(lanes.finish(other))).toBe("m3");
    const keyless = new HeldDelivery(delivery("m4"), undefined, 1);
    expect(lanes.finish(keyless)).toBeUndefined();
    expect(lanes.vacate(keyless)).toBeUndefined();
    expect(lanes.block(keyless)).toEqual([]);
    lanes.confirmBlock(keyless, 0, 0);
  });

  test("stays occupied by a handler that still runs", () => {
    const { lanes, of } = filledLanes("m1", "m2");
    of("m1").isHandlerActive = true;
    expect(lanes.finish(of("m1"))).toBeUndefined();
    of("m1").isHandlerActive = false;
    expect(lanes.vacate(of("m1"))).toBe(of("m2"));
  });

  test("is left by one that waits without a change for the one that runs", () => {
    const { lanes, of } = filledLanes("m1", "m2", "m3");
    expect(lanes.vacate(of("m2"))).toBeUndefined();
    expect(lanes.place(held("m4"), "k", 0)).toBe("waiting");
  });

  test("passes over what was lost while it waited", () => {
    const { lanes, of } = filledLanes("m1", "m2", "m3");
    of("m2").finish(new QueueError("LEASE_LOST", { what: "gone" }));
    expect(lanes.finish(of("m1"))).toBe(of("m3"));
    expect(lanes.waiting).toBe(0);
  });

  test("gives up all that has not started, of every key", () => {
    const { lanes, of } = filledLanes("m1", "m2", "m3");
    lanes.place(held("n1", 1, "other"), "other", 0);
    lanes.place(held("n2", 1, "other"), "other", 0);
    expect(idsOf(lanes.takeWaiting())).toEqual(["m2", "m3", "n2"]);
    expect(lanes.waiting).toBe(0);
    expect(lanes.takeWaiting()).toEqual([]);
    expect(lanes.finish(of("m1"))).toBeUndefined();
  });
});

describe("a block", () => {
  test("takes the followers out, without those that are gone", () => {
    const { lanes, of } = filledLanes("m1", "m2", "m3", "m4");
    of("m3").finish(new QueueError("LEASE_LOST", { what: "gone" }));
    expect(idsOf(lanes.block(of("m1")))).toEqual(["m2", "m4"]);
    expect(lanes.waiting).toBe(0);
    expect(lanes.vacate(of("m1"))).toBeUndefined();
    expect(lanes.place(held("m5", 9), "k", 1_000_000)).toBe("follower");
  });

  test("of one that waits is no follower of itself", () => {
    const { lanes, of } = filledLanes("m1", "m2", "m3");
    expect(idsOf(lanes.block(of("m2")))).toEqual(["m3"]);
  });

  test("lasts until its message is settled for good", () => {
    const lanes = blockedLanes();
    const again = held("m1", 2);
    expect(lanes.place(again, "k", 1_000)).toBe("ready");
    const next = held("m2", 2);
    expect(lanes.place(next, "k", 1_000)).toBe("waiting");
    expect(lanes.finish(again)).toBe(next);
    expect(lanes.place(held("m3", 2), "k", 0)).toBe("waiting");
    expect(idOf(lanes.finish(next))).toBe("m3");
  });

  test("is not lifted by the end of another message", () => {
    const { lanes, of } = filledLanes("m1", "m2");
    lanes.block(of("m1"));
    lanes.vacate(of("m1"));
    expect(lanes.finish(of("m2"))).toBeUndefined();
    expect(lanes.place(held("m3", 5), "k", 1_000_000)).toBe("follower");
  });

  test("is confirmed by its own message only", () => {
    const { lanes, of } = filledLanes("m1", "m2");
    lanes.block(of("m1"));
    lanes.confirmBlock(of("m2"), 5, 0);
    expect(lanes.blockedForMs("k", 0)).toBe(1_000);
    lanes.confirmBlock(of("m1"), 5, 0);
    expect(lanes.blockedForMs("k", 0)).toBe(5);
    lanes.confirmBlock(held("n1", 1, "none"), 7, 0);
    expect(lanes.blockedForMs("none", 0)).toBe(0);
  });

  test("holds followers up to its time and the replies that were on their way; then it counts as settled elsewhere", () => {
    expect(blockedLanes().place(held("m2", 2), "k", 999)).toBe("follower");
    expect(blockedLanes().place(held("m2", 2), "k", 1_000)).toBe("ready");
    expect(blockedLanes().place(held("m2", 1), "k", 1_000)).toBe("follower");
    const lanes = blockedLanes();
    lanes.place(held("m2", 2), "k", 1_000);
    expect(lanes.place(held("m1", 3), "k", 1_000)).toBe("waiting"); // the block is gone: an ordinary message
  });

  test("says how long a follower is better not looked at", () => {
    const lanes = blockedLanes();
    expect(lanes.blockedForMs("k", 400)).toBe(600);
    expect(lanes.blockedForMs("k", 1_000)).toBe(0);
    expect(lanes.blockedForMs("k", 1_500)).toBe(0);
    expect(lanes.blockedForMs("free", 1_500)).toBe(0);
    expect(filledLanes("m1").lanes.blockedForMs("k", 1_500)).toBe(0);
    const unconfirmed = filledLanes("m1");
    unconfirmed.lanes.block(unconfirmed.of("m1"));
    expect(unconfirmed.lanes.blockedForMs("k", 400)).toBe(1_000);
  });

  test("keeps followers behind the message where the target holds them", () => {
    const lanes = blockedLanes();
    const follower = held("m2", 1);
    lanes.keep(follower, "k");
    expect(lanes.waiting).toBe(1);
    const again = held("m1", 2);
    expect(lanes.place(again, "k", 1_000)).toBe("ready");
    expect(lanes.finish(again)).toBe(follower);
    expect(lanes.waiting).toBe(0);
  });

  test("lets its message, come again, run before what waits, but after a run that goes on", () => {
    const { lanes, of } = filledLanes("m1");
    of("m1").isHandlerActive = true; // timed out, but still running
    lanes.block(of("m1"));
    lanes.vacate(of("m1"));
    lanes.keep(held("m2"), "k");
    const again = held("m1", 2);
    expect(lanes.place(again, "k", 1_000)).toBe("waiting");
    expect(lanes.waiting).toBe(2);
    of("m1").isHandlerActive = false;
    expect(lanes.vacate(of("m1"))).toBe(again);
    expect(lanes.waiting).toBe(1);
    expect(idOf(lanes.finish(again))).toBe("m2");
  });

  test("that is still on when a lane gets free lets nobody but its message through", () => {
    const { lanes, of } = filledLanes("m1");
    lanes.block(of("m1"));
    lanes.keep(held("m2"), "k");
    expect(lanes.vacate(of("m1"))).toBeUndefined();
    expect(lanes.waiting).toBe(1);
  });
});

describe("a block that nobody lifts", () => {
  test("expires, and the next of its key may run", () => {
    const lanes = blockedLanes();
    lanes.keep(held("m2"), "k");
    lanes.keep(held("m3"), "k");
    expect(lanes.expireBlocks(999)).toEqual([]);
    expect(idsOf(lanes.expireBlocks(1_000))).toEqual(["m2"]);
    expect(lanes.waiting).toBe(1);
    expect(lanes.expireBlocks(9_000)).toEqual([]);
    expect(lanes.place(held("m4", 1), "k", 0)).toBe("waiting");
  });

  test("leaves nothing behind where nothing waits", () => {
    const lanes = blockedLanes();
    expect(lanes.expireBlocks(1_000)).toEqual([]);
    expect(lanes.place(held("m2", 1), "k", 0)).toBe("ready");
  });

  test("does not expire while one of its key runs, nor while it is unconfirmed", () => {
    const lanes = blockedLanes();
    lanes.place(held("m1", 2), "k", 1_000);
    lanes.keep(held("m2"), "k");
    expect(lanes.expireBlocks(9_000)).toEqual([]);
    expect(lanes.place(held("m3", 1), "k", 1_000)).toBe("follower");
    const unconfirmed = filledLanes("m1");
    unconfirmed.lanes.block(unconfirmed.of("m1"));
    unconfirmed.lanes.vacate(unconfirmed.of("m1"));
    unconfirmed.lanes.keep(held("m2"), "k");
    expect(unconfirmed.lanes.expireBlocks(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  test("does not touch lanes that have none", () => {
    const { lanes } = filledLanes("m1", "m2");
    expect(lanes.expireBlocks(9_000)).toEqual([]);
    expect(lanes.waiting).toBe(1);
  });
});

describe("while a key is blocked", () => {
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

  test("what comes while the failed run goes on waits behind it, as its message does", () => {
    const { lanes, of } = filledLanes("m1");
    of("m1").isHandlerActive = true;
    lanes.block(of("m1"));
    lanes.confirmBlock(of("m1"), 1_000, 1);
    const again = held("m1", 3);
    lanes.place(again, "k", 500);
    expect(lanes.place(held("m2", 1), "k", 500)).toBe("waiting");
    expect(lanes.place(held("m3", 2), "k", 500)).toBe("waiting");
  });
});

test("a driver that keeps back what is early may bring the failed one and the next before its answer, one by one", () => {
  const lanes = new KeyLanes(true);
  const failed = held("m1", 1);
  lanes.place(failed, "k", 0);
  lanes.block(failed);
  lanes.vacate(failed);
  // The answer to the release is lost or late, but the message is here again.
  expect(lanes.place(held("m1", 1), "k", 10)).toBe("ready");
  expect(lanes.place(held("m2", 2), "k", 11)).toBe("waiting");
});
