import { describe, expect, test } from "vitest";
import { ids, mailboxBench, only } from "../../test/mailbox-bench.ts";

describe("a lease", () => {
  test("ends at its time, and the message comes back with its count", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("1");
    const first = only(receive(1, 0, 100));

    expect(receive(1, 99)).toEqual([]);
    const second = only(receive(1, 100));
    expect(second.deliveryCount).toBe(2);
    expect(mailbox.ack(first, 100)).toBe(false);
    expect(mailbox.ack(second, 100)).toBe(true);
  });

  test("is not counted when nobody began", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("1");
    mailbox.release(only(receive(1)), 0, "unstarted", 0);

    expect(only(receive(1)).deliveryCount).toBe(1);
  });

  test("extended ends that much later than now, not than before", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("1");
    const lease = only(receive(1, 0, 100));
    mailbox.extend(lease, 30, 50);

    expect(mailbox.nextDueAtMs()).toBe(80);
    expect(ids(receive(1, 80))).toEqual(["1"]);
    expect(mailbox.extend(lease, 30, 80)).toBe(false);
  });

  test("takes the same settlement twice and no other one", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("1");
    const lease = only(receive(1));

    expect(mailbox.ack(lease, 0)).toBe(true);
    expect(mailbox.ack(lease, 0)).toBe(true);
    expect(mailbox.release(lease, 0, "retry", 0)).toBe(false);
    expect(mailbox.bury(lease, { reason: "r", attributes: {} }, 0)).toBe(false);
    expect(mailbox.counts).toEqual({ visible: 0, leased: 0, delayed: 0 });
  });
});

describe("a time to live", () => {
  test("drops a message that nobody took in time", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("1", { ttlMs: 50 });

    expect(mailbox.nextDueAtMs()).toBe(50);
    expect(receive(1, 50)).toEqual([]);
    expect(mailbox.counts.visible).toBe(0);
  });

  test("lets the holder of a lease finish, and drops what comes back too late", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("acked", { ttlMs: 50 });
    send("released", { ttlMs: 50 });
    const [acked, released] = receive(2, 0, 100);
    if (acked === undefined || released === undefined) throw new Error("two leases expected");

    expect(mailbox.ack(acked, 60)).toBe(true);
    expect(mailbox.release(released, 0, "retry", 60)).toBe(true);
    expect(receive(1, 60)).toEqual([]);
  });

  test("that ends during a delay ends the delay", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("1", { ttlMs: 50 });
    mailbox.release(only(receive(1)), 100, "retry", 0);

    mailbox.advance(50);
    expect(mailbox.counts.delayed).toBe(0);
  });

  test("of a key's head frees its followers", () => {
    const { send, receive, mailbox } = mailboxBench();
    send("a1", { key: "a", ttlMs: 50 });
    send("a2", { key: "a" });
    mailbox.release(only(receive(1)), 200, "retry", 0);

    expect(ids(receive(10, 50))).toEqual(["a2"]);
  });
});

test("a purge takes everything and tells which leases it took", () => {
  const { send, receive, mailbox } = mailboxBench();
  send("leased");
  send("visible");
  send("delayed", { delayMs: 10 });
  send("keyed", { key: "a" });
  const lease = only(receive(1));

  expect(mailbox.purge()).toEqual([lease]);
  expect(mailbox.counts).toEqual({ visible: 0, leased: 0, delayed: 0 });
  expect(mailbox.ack(lease, 0)).toBe(false);
  expect(receive(10, 1_000)).toEqual([]);
});
