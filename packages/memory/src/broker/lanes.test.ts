import { describe, expect, test } from "vitest";
import { ids, mailboxBench, only } from "../../test/mailbox-bench.ts";
import { Lanes } from "./lanes.ts";
import { FirstReadyFirst } from "./ready-order.ts";
import { StoredMessage } from "./stored-message.ts";

describe("order", () => {
  test("is that of sending without a seed", () => {
    const { send, receive } = mailboxBench();
    for (const id of ["1", "2", "3"]) send(id);

    expect(ids(receive(2))).toEqual(["1", "2"]);
    expect(ids(receive(2))).toEqual(["3"]);
  });

  test("mixes keyed and unkeyed messages by age", () => {
    const { send, receive } = mailboxBench();
    send("1");
    send("a1", { key: "a" });
    send("2");
    send("b1", { key: "b" });

    expect(ids(receive(10))).toEqual(["1", "a1", "2", "b1"]);
  });

  test("lets every key give one before a key gives a second", () => {
    const { send, receive } = mailboxBench();
    for (const id of ["a1", "a2", "a3"]) send(id, { key: "a" });
    send("b1", { key: "b" });

    expect(ids(receive(3))).toEqual(["a1", "b1", "a2"]);
  });

  test("gives a key nothing more while one of its messages is leased", () => {
    const { send, receive, mailbox } = mailboxBench();
    for (const id of ["a1", "a2", "a3"]) send(id, { key: "a" });
    const [first, second] = receive(2);
    if (first === undefined || second === undefined) throw new Error("two leases expected");

    mailbox.ack(first, 0);
    expect(receive(10)).toEqual([]);
    mailbox.ack(second, 0);
    expect(ids(receive(10))).toEqual(["a3"]);
  });

  test("puts released messages of a key back to their places, in whatever order they come", () => {
    const { send, receive, mailbox } = mailboxBench();
    for (const id of ["a1", "a2", "a3", "a4"]) send(id, { key: "a" });
    for (const lease of receive(3).toReversed()) mailbox.release(lease, 0, "unstarted", 0);

    expect(ids(receive(10))).toEqual(["a1", "a2", "a3", "a4"]);
  });

  test.each(["1 2 a1 3 4 b1", "b1 4 3 a1 2 1"])(
    "gives what nobody began first again, in its order: %s",
    (order) => {
      const { send, receive, mailbox } = mailboxBench();
      for (const id of ["1", "2"]) send(id);
      send("a1", { key: "a" });
      for (const id of ["3", "4"]) send(id);
      send("b1", { key: "b" });
      const leases = new Map(receive(6).map((lease) => [lease.message.content.id, lease]));
      send("5");
      for (const id of order.split(" ")) {
        const lease = leases.get(id);
        if (lease !== undefined) mailbox.release(lease, 0, "unstarted", 0);
      }
      expect(ids(receive(10))).toEqual(["1", "2", "a1", "3", "4", "b1", "5"]);
    },
  );

  test("holds the followers of a message that was released with a delay", () => {
    const { send, receive, mailbox } = mailboxBench();
    for (const id of ["a1", "a2"]) send(id, { key: "a" });
    send("b1", { key: "b" });
    const [a1] = receive(1);
    if (a1 === undefined) throw new Error("a lease expected");
    mailbox.release(a1, 50, "retry", 0);

    expect(ids(receive(10))).toEqual(["b1"]);
    expect(ids(receive(10, 49))).toEqual([]);
    expect(ids(receive(10, 50))).toEqual(["a1", "a2"]);
  });

  test("gives a message sent with a delay its place when it is due", () => {
    const { send, receive } = mailboxBench();
    send("later", { key: "a", delayMs: 50 });
    send("sooner", { key: "a" });

    expect(ids(receive(10))).toEqual(["sooner"]);
    expect(ids(receive(10, 100, 10))).toEqual(["sooner", "later"]);
  });

  test("keeps the order of sending among messages of a key that are due at once", () => {
    const { send, receive } = mailboxBench();
    for (const id of ["1", "2", "3", "4", "5"]) send(id, { key: "a", delayMs: 50 });

    expect(ids(receive(10, 50))).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("brings back first what nobody began, and last what failed", () => {
    const { send, receive, mailbox } = mailboxBench();
    for (const id of ["1", "2", "3"]) send(id);
    mailbox.release(only(receive(1)), 0, "retry", 0);
    mailbox.release(only(receive(1)), 0, "unstarted", 0);

    expect(ids(receive(10))).toEqual(["2", "3", "1"]);
  });

  test("is shuffled by a seed, the same for the same seed, with keys in order", () => {
    const orders = [1, 1, 2].map((seed) => {
      const { send, receive } = mailboxBench(seed);
      for (let index = 0; index < 20; index += 1) send(String(index));
      for (const id of ["a1", "a2", "a3"]) send(id, { key: "a" });
      return ids(receive(30));
    });
    const [first, again, other] = orders;

    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(first?.toSorted()).toEqual(other?.toSorted());
    for (const order of orders) {
      expect(order.filter((id) => id.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
    }
  });
});

test("a key is forgotten when its last message is gone", () => {
  const lanes = new Lanes(new FirstReadyFirst(), true);
  const content = { id: "1", body: new Uint8Array(), contentType: "text/plain", attributes: {} };
  const message = new StoredMessage(1, { ...content, orderingKey: "a" }, 0, undefined);
  message.state = "visible";
  lanes.join(message);
  expect(lanes.keyCount).toBe(1);
  lanes.remove(message);

  expect(lanes.keyCount).toBe(0);
});
