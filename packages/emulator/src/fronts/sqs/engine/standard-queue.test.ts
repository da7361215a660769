import { describe, expect, test } from "vitest";
import {
  bodiesOf,
  content,
  manualEngine,
  receive,
  receiveOne,
} from "../../../../test/support/manual-engine.ts";

const SECOND = 1000;
const HOUR = 3_600_000;

describe("visibility", () => {
  test("a received message is hidden until its timeout is over", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    expect(bodiesOf(receive(orders))).toEqual(["a"]);
    expect(orders.counts).toEqual({ delayed: 0, visible: 0, inFlight: 1 });
    await clock.advance(30 * SECOND - 1);
    expect(receive(orders)).toEqual([]);
    await clock.advance(1);
    const again = receiveOne(orders);
    expect(again.message.receiveCount).toBe(2);
  });

  test("each receive gives a new handle", () => {
    const { queue } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const first = receiveOne(orders, { visibilityMs: 0 });
    const second = receiveOne(orders);
    expect(second.receiptHandle).not.toBe(first.receiptHandle);
    expect(second.message.id).toBe(first.message.id);
  });

  test("a timeout of zero leaves the message visible but not twice in one receive", () => {
    const { queue } = manualEngine();
    const orders = queue("orders", { VisibilityTimeout: "0" });
    orders.send(content("a"), 0);
    expect(bodiesOf(receive(orders))).toEqual(["a"]);
    expect(bodiesOf(receive(orders))).toEqual(["a"]);
  });

  test("changing visibility counts from now and 0 shows the message at once", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const { receiptHandle } = receiveOne(orders);
    await clock.advance(20 * SECOND);
    expect(orders.changeVisibility(receiptHandle, 60 * SECOND)).toBe("done");
    await clock.advance(59 * SECOND);
    expect(receive(orders)).toEqual([]);
    expect(orders.changeVisibility(receiptHandle, 0)).toBe("done");
    expect(bodiesOf(receive(orders))).toEqual(["a"]);
  });

  test("a message cannot be held longer than twelve hours from its receive", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const { receiptHandle } = receiveOne(orders, { visibilityMs: 12 * HOUR });
    await clock.advance(HOUR);
    expect(orders.changeVisibility(receiptHandle, 11 * HOUR + SECOND)).toBe("beyondLimit");
    expect(orders.changeVisibility(receiptHandle, 11 * HOUR)).toBe("done");
  });

  test("the newest handle still changes visibility after the timeout, as was recorded", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const { receiptHandle } = receiveOne(orders);
    await clock.advance(31 * SECOND);
    expect(orders.changeVisibility(receiptHandle, 2 * SECOND)).toBe("done");
    expect(receive(orders)).toEqual([]);
    await clock.advance(2 * SECOND);
    expect(receive(orders)).toHaveLength(1);
  });

  test("handles that are old, deleted or not of this queue change nothing", () => {
    const { queue } = manualEngine();
    const orders = queue("orders");
    const others = queue("others");
    orders.send(content("a"), 0);
    const old = receiveOne(orders, { visibilityMs: 0 });
    const current = receiveOne(orders);
    expect(orders.changeVisibility(old.receiptHandle, 0)).toBe("unavailable");
    expect(others.changeVisibility(current.receiptHandle, 0)).toBe("malformed");
    expect(orders.changeVisibility("nonsense", 0)).toBe("malformed");
    orders.delete(current.receiptHandle);
    expect(orders.changeVisibility(current.receiptHandle, 0)).toBe("unavailable");
  });
});

describe("deleting", () => {
  test("an old handle succeeds and deletes nothing", () => {
    const { queue } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const old = receiveOne(orders, { visibilityMs: 0 });
    receiveOne(orders);
    expect(orders.delete(old.receiptHandle)).toBe("done");
    expect(orders.counts.inFlight).toBe(1);
  });

  test("the newest handle deletes even after its timeout, and twice does no harm", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const { receiptHandle } = receiveOne(orders);
    await clock.advance(31 * SECOND);
    expect(orders.delete(receiptHandle)).toBe("done");
    expect(orders.delete(receiptHandle)).toBe("done");
    expect(receive(orders)).toEqual([]);
    expect(orders.messages()).toEqual([]);
  });

  test("a handle of a deleted queue is worth nothing for its successor", async () => {
    const { engine, queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    const { receiptHandle } = receiveOne(orders);
    engine.deleteQueue(orders);
    await clock.advance(60 * SECOND);
    expect(queue("orders").delete(receiptHandle)).toBe("malformed");
  });
});

describe("delay and retention", () => {
  test("a delayed message shows up when its delay is over", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("later"), 5 * SECOND);
    expect(orders.counts.delayed).toBe(1);
    expect(receive(orders)).toEqual([]);
    await clock.advance(5 * SECOND);
    expect(bodiesOf(receive(orders))).toEqual(["later"]);
  });

  test("a message expires with the retention period, in flight or not", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders", { MessageRetentionPeriod: "60" });
    orders.send(content("visible"), 0);
    orders.send(content("held"), 0);
    receiveOne(orders, { visibilityMs: HOUR });
    await clock.advance(60 * SECOND);
    expect(orders.counts).toEqual({ delayed: 0, visible: 0, inFlight: 0 });
    expect(receive(orders)).toEqual([]);
  });

  test("a new retention period holds for messages that are already there", async () => {
    const { engine, queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("a"), 0);
    engine.setAttributes(orders, new Map([["MessageRetentionPeriod", "60"]]));
    await clock.advance(60 * SECOND);
    expect(orders.messages()).toEqual([]);
  });
});

describe("dead letters", () => {
  function withDeadLetters(maxReceiveCount: number) {
    const manual = manualEngine();
    const dead = manual.queue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });
    return { ...manual, dead, orders: manual.queue("orders", { RedrivePolicy }) };
  }

  test("a message moves at the receive after its last one, with its id, its age and its count", async () => {
    const { orders, dead, clock } = withDeadLetters(2);
    orders.send(content("poison"), 0);
    const [first] = [receiveOne(orders, { visibilityMs: 0 }), receiveOne(orders, { visibilityMs: 0 })];
    expect(dead.counts.visible).toBe(0);
    await clock.advance(SECOND);
    expect(receive(orders)).toEqual([]);
    const { message } = receiveOne(dead);
    expect(message).toMatchObject({
      id: first.message.id,
      sentAtMs: first.message.sentAtMs,
      receiveCount: 3,
      firstReceivedAtMs: first.message.firstReceivedAtMs,
      deadLetterSourceArn: orders.arn,
    });
  });

  test("the receive that moves a poison message still gets the next one", () => {
    const { orders, dead } = withDeadLetters(1);
    orders.send(content("poison"), 0);
    receiveOne(orders, { visibilityMs: 0 });
    orders.send(content("good"), 0);
    expect(bodiesOf(receive(orders))).toEqual(["good"]);
    expect(dead.counts.visible).toBe(1);
  });

  test("the time in the dead-letter queue counts from the first send", async () => {
    const { engine, orders, dead, clock } = withDeadLetters(1);
    engine.setAttributes(dead, new Map([["MessageRetentionPeriod", "60"]]));
    orders.send(content("poison"), 0);
    receiveOne(orders, { visibilityMs: 0 });
    await clock.advance(50 * SECOND);
    receive(orders);
    expect(dead.counts.visible).toBe(1);
    await clock.advance(10 * SECOND);
    expect(dead.messages()).toEqual([]);
  });

  test("a dead-letter queue that has one itself counts its own receives alone", () => {
    const { engine, queue, orders, dead } = withDeadLetters(1);
    const last = queue("last");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: last.arn, maxReceiveCount: 1 });
    engine.setAttributes(dead, new Map([["RedrivePolicy", RedrivePolicy]]));
    orders.send(content("poison"), 0);
    receiveOne(orders, { visibilityMs: 0 });
    expect(receive(orders)).toEqual([]);
    expect(receiveOne(dead, { visibilityMs: 0 }).message.receiveCount).toBe(2);
    expect(receive(dead)).toEqual([]);
    expect(receiveOne(last).message.receiveCount).toBe(3);
  });

  test("without its dead-letter queue a message goes on being delivered", () => {
    const { engine, orders, dead } = withDeadLetters(1);
    engine.deleteQueue(dead);
    orders.send(content("poison"), 0);
    receiveOne(orders, { visibilityMs: 0 });
    expect(receiveOne(orders).message.receiveCount).toBe(2);
  });
});

describe("limits and purge", () => {
  test("no more than the limit is in flight", () => {
    const { queue } = manualEngine({ maxInFlightMessages: 3 });
    const orders = queue("orders");
    for (const body of ["a", "b", "c", "d"]) orders.send(content(body), 0);
    expect(bodiesOf(receive(orders))).toEqual(["a", "b", "c"]);
    expect(orders.isAtInFlightLimit()).toBe(true);
    expect(receive(orders)).toEqual([]);
  });

  test("a purge removes what is visible, delayed and in flight, once a minute", async () => {
    const { engine, queue, clock } = manualEngine();
    const orders = queue("orders");
    orders.send(content("visible"), 0);
    orders.send(content("delayed"), SECOND);
    orders.send(content("held"), 0);
    receiveOne(orders);
    engine.purgeQueue(orders);
    expect(orders.messages()).toEqual([]);
    expect(() => engine.purgeQueue(orders)).toThrow(
      "Only one PurgeQueue operation on orders is allowed every 60 seconds.",
    );
    await clock.advance(60 * SECOND);
    engine.purgeQueue(orders);
  });
});
