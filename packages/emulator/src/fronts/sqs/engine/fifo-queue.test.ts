import { describe, expect, test } from "vitest";
import {
  bodiesOf,
  content,
  manualEngine,
  receive,
  receiveOne,
  sendTo,
} from "../../../../test/support/manual-engine.ts";

const SECOND = 1000;
const MINUTE = 60_000;

describe("groups", () => {
  test("a receive fills from one group before it turns to the next", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo");
    sendTo(orders, "g1", "g1-m1");
    sendTo(orders, "g2", "g2-m1");
    sendTo(orders, "g1", "g1-m2");
    sendTo(orders, "g1", "g1-m3");
    expect(bodiesOf(receive(orders))).toEqual(["g1-m1", "g1-m2", "g1-m3", "g2-m1"]);
  });

  test("a group in flight is blocked and others are not", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo");
    for (const body of ["g1-m1", "g1-m2", "g1-m3"]) sendTo(orders, "g1", body);
    sendTo(orders, "g2", "g2-m1");
    expect(bodiesOf(receive(orders, { max: 2 }))).toEqual(["g1-m1", "g1-m2"]);
    expect(bodiesOf(receive(orders))).toEqual(["g2-m1"]);
  });

  test("a group continues when its messages in flight are deleted", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo");
    for (const body of ["m1", "m2", "m3"]) sendTo(orders, "g", body);
    const [first, second] = receive(orders, { max: 2 });
    orders.delete(first?.receiptHandle ?? "");
    expect(receive(orders)).toEqual([]);
    orders.delete(second?.receiptHandle ?? "");
    expect(bodiesOf(receive(orders))).toEqual(["m3"]);
  });

  test("a released head is served before its followers", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo");
    for (const body of ["m1", "m2"]) sendTo(orders, "g", body);
    const { receiptHandle } = receiveOne(orders);
    orders.changeVisibility(receiptHandle, 0);
    expect(bodiesOf(receive(orders))).toEqual(["m1", "m2"]);
  });

  // Recorded from the service: messages before the first hidden one of a group are visible.
  test.each([
    [0, []],
    [1, ["foo"]],
    [2, ["foo", "bar"]],
  ])("with message %i of three held longer, %j comes back", async (held, expected) => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo", { VisibilityTimeout: "1" });
    for (const body of ["foo", "bar", "baz"]) sendTo(orders, "g", body);
    const deliveries = receive(orders);
    orders.changeVisibility(deliveries[held]?.receiptHandle ?? "", 4 * SECOND);
    await clock.advance(2 * SECOND);
    expect(bodiesOf(receive(orders))).toEqual(expected);
  });

  test("with a timeout of zero the groups take turns and keep their order", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo");
    for (const body of ["g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2"]) sendTo(orders, body.slice(0, 2), body);
    expect(bodiesOf(receive(orders, { max: 3, visibilityMs: 0 }))).toEqual(["g1-m1", "g1-m2", "g2-m1"]);
    expect(bodiesOf(receive(orders, { visibilityMs: 0 }))).toEqual([
      "g3-m1",
      "g1-m1",
      "g1-m2",
      "g2-m1",
      "g2-m2",
    ]);
  });

  test("a queue delay holds back every message", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    orders.send(content("m1", { groupId: "g", dedupId: "1" }), 5 * SECOND);
    orders.send(content("m2", { groupId: "g", dedupId: "2" }), 0);
    expect(receive(orders)).toEqual([]);
    await clock.advance(5 * SECOND);
    expect(bodiesOf(receive(orders))).toEqual(["m1", "m2"]);
  });

  test("an expired head unblocks its group", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo", { MessageRetentionPeriod: "60" });
    sendTo(orders, "g", "m1");
    receiveOne(orders, { visibilityMs: 3_600_000 });
    await clock.advance(30 * SECOND);
    sendTo(orders, "g", "m2");
    expect(receive(orders)).toEqual([]);
    await clock.advance(30 * SECOND);
    expect(bodiesOf(receive(orders))).toEqual(["m2"]);
  });
});

describe("receipt handles", () => {
  test("an expired handle is an error, not a silent success", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    sendTo(orders, "g", "m1");
    const { receiptHandle } = receiveOne(orders);
    await clock.advance(30 * SECOND);
    expect(orders.delete(receiptHandle)).toBe("expired");
    expect(orders.changeVisibility(receiptHandle, SECOND)).toBe("unavailable");
    const again = receiveOne(orders);
    expect(orders.delete(receiptHandle)).toBe("expired");
    expect(orders.delete(again.receiptHandle)).toBe("done");
    expect(orders.delete(again.receiptHandle)).toBe("done");
  });

  test("a handle whose timeout was extended does not expire before that", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    sendTo(orders, "g", "m1");
    const { receiptHandle } = receiveOne(orders);
    orders.changeVisibility(receiptHandle, 60 * SECOND);
    await clock.advance(45 * SECOND);
    expect(orders.delete(receiptHandle)).toBe("done");
  });
});

describe("sequence numbers", () => {
  test("have twenty digits and grow", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo");
    const numbers = ["a", "b", "c"].map(
      (body) => orders.send(content(body, { groupId: "g", dedupId: body }), 0).sequenceNumber,
    );
    for (const number of numbers) expect(number).toMatch(/^[0-9]{20}$/);
    expect(numbers).toEqual(numbers.toSorted((left, right) => String(left).localeCompare(String(right))));
    expect(new Set(numbers).size).toBe(3);
  });
});

describe("deduplication", () => {
  test("a duplicate within five minutes gets the first answer and is not stored", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    const first = orders.send(content("m1", { groupId: "g", dedupId: "d" }), 0);
    await clock.advance(5 * MINUTE - 1);
    expect(orders.send(content("other body", { groupId: "g2", dedupId: "d" }), 0)).toEqual(first);
    expect(orders.counts.visible).toBe(1);
    await clock.advance(1);
    expect(orders.send(content("m1", { groupId: "g", dedupId: "d" }), 0)).not.toEqual(first);
    expect(orders.counts.visible).toBe(2);
  });

  test("a duplicate does not extend the window and deleting does not end it", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    orders.send(content("m1", { groupId: "g", dedupId: "d" }), 0);
    orders.delete(receiveOne(orders).receiptHandle);
    await clock.advance(4 * MINUTE);
    orders.send(content("m1", { groupId: "g", dedupId: "d" }), 0);
    expect(orders.counts.visible).toBe(0);
    await clock.advance(MINUTE);
    orders.send(content("m1", { groupId: "g", dedupId: "d" }), 0);
    expect(orders.counts.visible).toBe(1);
  });

  test("with scope messageGroup the same id counts once per group", () => {
    const { queue } = manualEngine();
    const orders = queue("orders.fifo", { DeduplicationScope: "messageGroup" });
    for (const groupId of ["g1", "g2", "g1"]) orders.send(content("m", { groupId, dedupId: "d" }), 0);
    expect(orders.counts.visible).toBe(2);
  });
});

describe("receive request attempts", () => {
  test("a repeated attempt gets the same messages and handles without counting again", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    sendTo(orders, "g", "m1");
    sendTo(orders, "g", "m2");
    const first = receive(orders, { attemptId: "try" });
    await clock.advance(20 * SECOND);
    const second = receive(orders, { attemptId: "try" });
    expect(second).toEqual(first);
    expect(second[0]?.message.receiveCount).toBe(1);
    await clock.advance(29 * SECOND);
    expect(receive(orders)).toEqual([]);
  });

  test.each(["deleted", "changed", "visible again"])(
    "an attempt is void once a message is %s",
    async (what) => {
      const { queue, clock } = manualEngine();
      const orders = queue("orders.fifo");
      sendTo(orders, "g", "m1");
      sendTo(orders, "g", "m2");
      const [, second] = receive(orders, { attemptId: "try" });
      const handle = second?.receiptHandle ?? "";
      if (what === "deleted") orders.delete(handle);
      if (what === "changed") orders.changeVisibility(handle, 60 * SECOND);
      if (what === "visible again") await clock.advance(30 * SECOND);
      const repeated = receive(orders, { attemptId: "try" });
      expect(repeated.map(({ message }) => message.receiveCount)).toEqual(
        what === "visible again" ? [2, 2] : [],
      );
    },
  );

  test("an attempt is void once somebody else has received a message of it", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    sendTo(orders, "g", "m1");
    receive(orders, { attemptId: "try" });
    await clock.advance(30 * SECOND);
    expect(receive(orders, { attemptId: "another" })).toHaveLength(1);
    expect(receive(orders, { attemptId: "try" })).toEqual([]);
  });

  test("an attempt is forgotten after five minutes", async () => {
    const { queue, clock } = manualEngine();
    const orders = queue("orders.fifo");
    sendTo(orders, "g", "m1");
    receive(orders, { attemptId: "try", visibilityMs: 3_600_000 });
    await clock.advance(5 * MINUTE);
    expect(receive(orders, { attemptId: "try" })).toEqual([]);
  });
});

describe("dead letters", () => {
  test("a poison head moves to the dead letters with a new age and unblocks its group", async () => {
    const { queue, clock } = manualEngine();
    const dead = queue("dead.fifo");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
    const orders = queue("orders.fifo", { RedrivePolicy });
    sendTo(orders, "g", "poison");
    receiveOne(orders, { visibilityMs: 0 });
    sendTo(orders, "g", "good");
    await clock.advance(SECOND);
    expect(bodiesOf(receive(orders))).toEqual(["good"]);
    const { message } = receiveOne(dead);
    expect(message.content).toMatchObject({ body: "poison", groupId: "g", dedupId: "poison" });
    expect(message.sentAtMs).toBe(clock.now());
  });
});
