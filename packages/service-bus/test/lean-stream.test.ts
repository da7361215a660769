import { inspect } from "node:util";
import { systemClock, type ConsumerDriver, type Delivery } from "@anyqueue/core/adapter";
import type { ServiceBusClient, ServiceBusReceivedMessage } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import { field } from "../src/field.ts";
import { LeanMessage, type RawContext } from "../src/lean-message.ts";
import { LeanDelivery } from "../src/lean-delivery.ts";
import { LeanStream } from "../src/lean-stream.ts";
import { decodeMessage } from "../src/service-bus-wire.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  present,
  queueOf,
  receive,
  until,
  valuesOf,
} from "./open-adapter.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

const tapped = useTappedEmulator();

const FORM = { isOrdered: false, isDeduplicated: false, isDeadLetter: false, clock: systemClock };

function isLean({ handle }: Delivery<unknown>): boolean {
  return field(handle, "lean") !== undefined;
}

describe("messages that the SDK has not touched", () => {
  test("are the same as those it makes, the first of a link and the others", async () => {
    const sender = tapped.raw.createSender("orders");
    const rich = {
      body: Buffer.from([1, 2, 0xff]),
      contentType: "application/x-thing",
      correlationId: "c",
      subject: "s",
      replyTo: "r",
      timeToLive: 60_000,
      applicationProperties: { text: "t", number: 1, flag: true, at: new Date(1_000) },
    };
    await sender.sendMessages([
      { ...rich, messageId: "a" },
      { ...rich, messageId: "b" },
    ]);
    const consumer = await tapped.consume();
    const [first, second] = await receive(consumer, 2);
    const { handle: _, leaseMs: __, native, ...read } = present(second);
    // Compared before anybody has asked for the SDK's own object.
    const own = native as ServiceBusReceivedMessage;
    expect(isLean(present(second))).toBe(true);
    expect(isLean(present(first))).toBe(false);
    const { handle: ___, native: ____, ...asOfSdk } = decodeMessage({ ...own }, undefined, FORM);
    expect(read).toEqual(asOfSdk);
    expect(read.attributeTypes).toEqual({ number: "number", flag: "boolean", at: "timestamp" });
    const before = present(first).native as ServiceBusReceivedMessage;
    expect(own.constructor).toBe(before.constructor);
    expect(Object.keys(own)).toEqual(Object.keys(before));
    expect(inspect(own)).toContain("messageId: 'b'");
    expect([own.messageId, own.body, own.state]).toEqual(["b", rich.body, "active"]);
  });

  test("are settled by the SDK's own calls, too, where the application asks it", async () => {
    await tapped.send(2);
    const consumer = await tapped.consume();
    const [, second] = await receive(consumer, 2);
    const native = present(second).native as ServiceBusReceivedMessage;
    const other = tapped.keep(tapped.raw.createReceiver("orders"));
    const lockedUntil = await other.renewMessageLock(native);
    expect(native.lockedUntilUtc).toEqual(lockedUntil);
  });
});

describe("messages that rhea has not touched", () => {
  /** rhea takes messages that arrive with the first ones of a link, and the one that is compared. */
  async function later(): Promise<{
    readonly consumer: ConsumerDriver<unknown>;
    readonly deliveries: readonly Delivery<unknown>[];
  }> {
    const consumer = await tapped.consume();
    for (let round = 0; round < 3; round += 1) {
      await tapped.send(1);
      const [one] = await receive(consumer, 1);
      expect(isTaken(present(one))).toBe(false);
      valuesOf(await consumer.ackBatch([present(one).handle], never));
    }
    await tapped.send(4);
    const deliveries = await receive(consumer, 4);
    expect(deliveries.map(isTaken)).toEqual([true, true, true, true]);
    return { consumer, deliveries };
  }

  function isTaken({ native }: Delivery<unknown>): boolean {
    return field(native, "delivery") instanceof LeanDelivery;
  }

  test("are completed, abandoned and dead-lettered as all others", async () => {
    const { consumer, deliveries } = await later();
    const [done, renewed, released, dead] = deliveries.map(({ handle }) => handle);
    valuesOf(await consumer.ackBatch([done], never));
    valuesOf(await consumer.releaseBatch([{ handle: released, delayMs: 0, cause: "retry" }], never));
    const item = { handle: dead, reason: "why", description: "so", attributes: {} };
    valuesOf((await consumer.deadLetterBatch?.([item] as never, never)) ?? []);
    valuesOf((await consumer.extendBatch?.([{ handle: renewed, leaseMs: 1 }] as never, never)) ?? []);
    const { outcomes, deadLetters } = present(
      tapped.emulator.serviceBus.entities().find(({ path }) => path === "orders"),
    );
    const [, second, third, fourth] = deliveries.map(({ id }) => Object.keys(outcomes[id] ?? {}));
    expect([second, third, fourth]).toEqual([[], ["abandoned"], ["deadLettered"]]);
    expect(tapped.stored()).toHaveLength(2);
    expect(deadLetters[0]?.applicationProperties).toMatchObject({ DeadLetterReason: "why" });
  });

  test("are refused by the service one by one", async () => {
    const { consumer, deliveries } = await later();
    tapped.emulator.faults.add({
      protocol: "service-bus",
      operation: "complete",
      count: 1,
      action: { kind: "error", condition: "com.microsoft:message-lock-lost" },
    });
    const results = await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    );
    expect(results.filter(({ ok }) => !ok)).toHaveLength(1);
  });
});

describe("completing without the SDK", () => {
  async function both(): Promise<{
    readonly ack: (one: Delivery<unknown>) => Promise<unknown>;
    readonly second: Delivery<unknown>;
  }> {
    await tapped.send(2);
    const consumer = await tapped.consume(queueOf(tapped.adapter));
    const [first, second] = await receive(consumer, 2);
    const ack = async (one: Delivery<unknown>): Promise<unknown> =>
      present((await consumer.ackBatch([one.handle], never))[0]);
    expect(await ack(present(first))).toEqual({ ok: true, value: undefined });
    return { ack, second: present(second) };
  }

  test("removes the message", async () => {
    const { ack, second } = await both();
    expect(await ack(second)).toEqual({ ok: true, value: undefined });
    expect(tapped.stored()).toEqual([]);
  });

  test("fails as the service says", async () => {
    const { ack, second } = await both();
    tapped.emulator.faults.add({
      protocol: "service-bus",
      operation: "complete",
      count: 1,
      action: { kind: "error", condition: "com.microsoft:message-lock-lost" },
    });
    expect(await ack(second)).toMatchObject({ ok: false, error: { code: "MessageLockLost" } });
  });

  test("is refused when it is done already", async () => {
    const { ack, second } = await both();
    await ack(second);
    expect(await ack(second)).toMatchObject({ ok: false });
  });
});

test("what was given up does not take the answer to the next settlement of its message", async () => {
  await tapped.send(2);
  const consumer = await tapped.consume();
  const [, second] = (await receive(consumer, 2)).map((each) => each.handle);
  const rule = {
    protocol: "service-bus",
    operation: "complete",
    count: 1,
    action: { kind: "hold" },
  } as const;
  tapped.emulator.faults.add(rule);
  const abort = new AbortController();
  const acked = consumer.ackBatch([second], abort.signal);
  await until(() => tapped.emulator.log.entries().some(({ outcome }) => outcome === "held"));
  abort.abort();
  expect(await acked).toMatchObject([{ ok: false, error: { code: "CANCELLED", ambiguous: true } }]);
  const startedAtMs = performance.now();
  expect(await consumer.releaseBatch([{ handle: second, delayMs: 0, cause: "retry" }], never)).toMatchObject([
    { ok: true },
  ]);
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});

test("a drain is over when all messages have come that the service had credit for, though it does not say so", () => {
  const events: string[] = [];
  const link = {
    name: "l",
    credit: 1,
    drain: true,
    isOpen: () => true,
    emit: (event: string) => events.push(event),
  };
  const streaming = {
    link,
    _receiverHelper: { addCredit: () => {} },
    _deliveryDispositionMap: new Map(),
    _createReceiverOptions: () => ({ onMessage: () => "handled", onSettled: () => {} }),
  };
  LeanStream.of({ _streamingReceiver: streaming }, () => {});
  const { onMessage } = streaming._createReceiverOptions();
  const take = onMessage as unknown as (context: unknown) => unknown;
  expect([take({}), events]).toEqual(["handled", []]);
  link.credit = 0;
  link.drain = false;
  expect([take({}), events]).toEqual(["handled", []]);
  link.drain = true;
  expect([take({}), events]).toEqual(["handled", ["receiver_drained"]]);
});

/** The same client with receivers that show only what the SDK's types declare. */
function hidden(client: ServiceBusClient): ServiceBusClient {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        const made: unknown = Reflect.apply(value, target, args);
        return name === "createReceiver" ? new Proxy(made as object, SHUT) : made;
      };
    },
  });
}

const SHUT: ProxyHandler<object> = {
  has: (target, name) => !String(name).startsWith("_") && name in target,
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  },
};

describe("an SDK with other insides", () => {
  const context = (): RawContext => ({
    message: { body: "b", message_id: "m" },
    delivery: { id: 0, link: { name: "l" }, remote_settled: false, accept: () => {} },
  });

  test.each([{}, { _streamingReceiver: {} }, { _streamingReceiver: { _createReceiverOptions: () => ({}) } }])(
    "keeps its messages: %o",
    (receiver) => {
      expect(LeanStream.of(receiver, () => {})).toBeUndefined();
    },
  );

  test("does all of it itself, as it does for the first message of a link", async () => {
    const adapter = tapped.keep(
      openAdapter(tapped.tap.endpoint, { options: { client: hidden(tapped.raw) } }),
    );
    const target = queueOf(adapter);
    const flow = { maxOutstanding: 2, lanes: 1 };
    const consumer = tapped.keep(adapter.openConsumer(target, consumerOptions({ flow })));
    await consumer.open?.(never);
    await tapped.send(4);
    const first = await receive(consumer, 2);
    await consumer.setFlow?.({ maxOutstanding: 4, lanes: 1 }, never);
    const deliveries = [...first, ...(await receive(consumer, 2))];
    expect(deliveries.map(isLean)).toEqual([false, false, false, false]);
    const [acked, released, ...others] = deliveries.map(({ handle }) => handle);
    valuesOf(await consumer.ackBatch([acked, ...others], never));
    valuesOf(await consumer.releaseBatch([{ handle: released, delayMs: 0, cause: "retry" }], never));
    const again = await receive(consumer, 1);
    expect(again.map(({ id, deliveryCount }) => [id, deliveryCount])).toEqual([["m1", 2]]);
    await consumer.close();
    expect(tapped.stored()).toHaveLength(1);
  });

  test("keeps them if it reads the first one otherwise", () => {
    class Other {
      readonly messageId: string;

      constructor() {
        this.messageId = "another";
      }
    }
    expect(LeanMessage.makerOf(new Other() as ServiceBusReceivedMessage, context())).toBeUndefined();
  });
});
