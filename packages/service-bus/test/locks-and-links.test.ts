import type { Target } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  rawAdministration,
  rawClient,
  receive,
  rejection,
  valuesOf,
  until,
} from "./open-adapter.ts";
import { createShiftedClock } from "./shifted-clock.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

describe("locks", () => {
  test("the SDK's own renewal is off: without the core nothing is renewed", async () => {
    const target = await shared.newQueue({ lockDuration: "PT5S" });
    await shared.send(target, 1);
    const consumer = await shared.consume(target);
    const [delivery] = await receive(consumer, 1);
    const before = shared.emulator.log.count("renewLock");
    const renewed = await consumer.extendBatch?.([{ handle: delivery?.handle, leaseMs: 5_000 }], never);
    const [lease] = valuesOf(present(renewed));
    expect(lease?.leaseMs).toBeGreaterThan(4_000);
    expect(shared.emulator.log.count("renewLock")).toBe(before + 1);
  });

  test("are as short as the service gives them after their length was lowered, also where a probe has read it", async () => {
    const target = await shared.newQueue();
    await shared.adapter.probe?.(target, never);
    const consumer = await shared.consume(target);
    await shared.send(target, 1, "before");
    const [before] = await receive(consumer, 1);
    expect(before?.leaseMs).toBeGreaterThan(290_000);
    const admin = rawAdministration(shared.endpoint);
    await admin.updateQueue({ ...(await admin.getQueue(target.entity)), lockDuration: "PT10S" });
    await shared.send(target, 1, "after");
    const [after] = await receive(consumer, 1);
    // Longer, and the engine would renew it long after it has ended: the message would be handed out again meanwhile.
    expect(after?.leaseMs).toBeLessThan(15_000);
    const items = [{ handle: before?.handle, leaseMs: 60_000 }];
    const [renewed] = valuesOf(present(await consumer.extendBatch?.(items, never)));
    expect(renewed?.leaseMs).toBeLessThan(15_000);
    valuesOf(await consumer.ackBatch([before?.handle, after?.handle], never));
  });

  test("two messages with one id in flight are two locks: completing one leaves the other's renewal alone", async () => {
    const target = await shared.newQueue();
    const producer = shared.adapter.openProducer(target);
    shared.keep(producer);
    valuesOf(await producer.sendBatch([outgoing("twin"), outgoing("twin")], never));
    const consumer = await shared.consume(target);
    const [first, second] = await receive(consumer, 2);
    expect([first?.id, second?.id]).toEqual(["twin", "twin"]);
    valuesOf(await consumer.ackBatch([first?.handle], never));
    valuesOf(present(await consumer.extendBatch?.([{ handle: second?.handle, leaseMs: 60_000 }], never)));
    valuesOf(await consumer.ackBatch([second?.handle], never));
  });

  test("a lock that ran out is an outcome of its delivery alone", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 2);
    const consumer = await shared.consume(target);
    const deliveries = await receive(consumer, 2);
    shared.emulator.faults.add({
      protocol: "service-bus",
      operation: "complete",
      count: 1,
      action: { kind: "expireLease" },
    });
    const results = await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    );
    const codes = results.map((result) =>
      result.ok ? "ok" : shared.adapter.classify(result.error, "ack").code,
    );
    expect(codes.toSorted()).toEqual(["LEASE_LOST", "ok"]);
  });

  test("a delivery whose lock ended and that nobody settles gives its slot back", async () => {
    const target = await shared.newQueue({ lockDuration: "PT5S" });
    await shared.send(target, 3);
    const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 1, lanes: 1 } }));
    const [first] = await receive(consumer, 1);
    expect(first?.id).toBe("m0");
    // Its lock ends and it comes again. Only then is the slot of its first delivery known to be free.
    await shared.emulator.clock.advance(6_000);
    const again = await consumer.receiveBatch({ maxItems: 1, waitMs: 15_000 }, never);
    expect(again).toHaveLength(1);
  });
});

describe("links", () => {
  /** Makes the next delivery detach its link; the message stays locked for its receiver. */
  async function detach(
    target: Target,
    more: { condition?: string; description?: string } = {},
  ): Promise<void> {
    const action = { kind: "detach", ...more } as const;
    shared.emulator.faults.add({ protocol: "service-bus", operation: "receive", count: 1, action });
    await shared.send(target, 1, "cut");
  }

  test("a detached link opens again by itself, and its failure is reported", async () => {
    const target = await shared.newQueue();
    const consumer = await shared.consume(target);
    const asking = rejection(consumer.receiveBatch({ maxItems: 1, waitMs: 10_000 }, never));
    await detach(target, { condition: "amqp:internal-error", description: "the node moves" });
    expect(shared.adapter.classify(await asking, "receive")).toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
    });
    await shared.send(target, 1, "after");
    expect((await receive(consumer, 1)).map(({ id }) => id)).toEqual(["after0"]);
  });

  test("the service's idle timeout is no failure", async () => {
    const target = await shared.newQueue();
    const consumer = await shared.consume(target);
    await detach(target);
    await shared.send(target, 1, "after");
    expect((await receive(consumer, 1)).map(({ id }) => id)).toEqual(["after0"]);
  });

  test("a message whose link is gone is settled all the same: its lock lives on", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 1);
    const consumer = await shared.consume(target);
    const [delivery] = await receive(consumer, 1);
    await detach(target);
    await shared.send(target, 1, "after");
    await receive(consumer, 1);
    valuesOf(await consumer.ackBatch([delivery?.handle], never));
    expect(shared.locked(target)).toBe(2);
  });

  test("a settlement on a link that takes no more is over when the service detaches it, and is repeated elsewhere", async () => {
    const target = await shared.newQueue();
    await shared.send(target, 2);
    const consumer = await shared.consume(target);
    const handles = (await receive(consumer, 2)).map(({ handle }) => handle);
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    const action = { kind: "detach" } as const;
    shared.emulator.faults.add({ protocol: "service-bus", operation: "complete", count: 1, action });
    const startedAtMs = performance.now();
    const [lost] = await consumer.ackBatch(handles.slice(0, 1), never);
    // The SDK waits for ten seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(8_000);
    expect(shared.adapter.classify(lost?.ok === false ? lost.error : undefined, "ack")).toMatchObject({
      code: "CONNECTION_LOST",
      ambiguous: true,
    });
    valuesOf(await consumer.ackBatch(handles, never));
  });

  test("also one that names a session where there are none: the SDK takes it for a message of a lost session", async () => {
    const target = await shared.newQueue();
    const client = rawClient(shared.endpoint);
    shared.keep(client);
    const messages = ["first", "second", "third"].map((messageId) => ({
      body: "x",
      messageId,
      sessionId: "k",
    }));
    await client.createSender(target.entity).sendMessages(messages);
    const consumer = await shared.consume(target);
    const [first, second, third] = (await receive(consumer, 3)).map(({ handle }) => handle);
    await detach(target);
    await shared.send(target, 1, "after");
    await receive(consumer, 1);
    valuesOf(await consumer.ackBatch([first, second], never));
    valuesOf(await consumer.releaseBatch([{ handle: third, delayMs: 0, cause: "retry" }], never));
    expect((await receive(consumer, 1)).map(({ id, orderingKey }) => [id, orderingKey])).toEqual([
      ["third", "k"],
    ]);
  });

  test("a link that falls silent is replaced when messages wait that it has credit for", async () => {
    const clock = createShiftedClock();
    const own = openAdapter(shared.endpoint, { clock });
    shared.keep(own);
    const target = await shared.newQueue();
    shared.emulator.faults.add({
      protocol: "service-bus",
      operation: "receive",
      count: 1,
      action: { kind: "hold" },
    });
    const consumer = own.openConsumer(
      queueOf(own, target.entity),
      consumerOptions({ flow: { maxOutstanding: 5, lanes: 1 } }),
    );
    shared.keep(consumer);
    await consumer.open?.(never);
    await shared.send(target, 1);
    await until(() => shared.locked(target) === 1);
    // Held back on its way to us. Its lock ends, and the service offers it again to whoever asks.
    await shared.emulator.clock.advance(301_000);
    clock.shift(130_000);
    expect(await receive(consumer, 1)).toHaveLength(1);
  });

  test("peeking begins with the first message each time, and locks nothing", async () => {
    const target = await shared.newQueue();
    const ids = await shared.send(target, 3);
    const consumer = await shared.consume(target, consumerOptions({ mode: "pull" }));
    for (let look = 0; look < 2; look += 1) {
      const peeked = present(await consumer.peekBatch?.(10, never));
      expect(peeked.map(({ id }) => id)).toEqual(ids);
      expect(() => peeked[0]?.handle).toThrow(/peeked message/);
    }
    expect(shared.locked(target)).toBe(0);
  });
});
