import type { ConsumerDriver, Delivery } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator, type EntitySnapshot } from "@anyqueue/emulator";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AmqpTap, type DispositionFrame } from "./amqp-tap.ts";
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
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { seededRandom } from "@anyqueue/core/testing";
import { laterAtRandom } from "./later-at-random.ts";

// The trap: rhea 3.0.5 merges adjacent settlements of one tick into one frame, with the outcome of the first.

let emulator: Emulator;
let tap: AmqpTap;
let queues = 0;

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  tap = await AmqpTap.start(emulator.endpoints.serviceBus ?? "");
});

afterAll(async () => {
  await tap.close();
  await emulator.close();
});

async function newQueue(requiresSession = false): Promise<string> {
  queues += 1;
  const name = `merged-${queues}`;
  await rawAdministration(tap.endpoint).createQueue(name, { requiresSession, lockDuration: "PT5M" });
  tap.dispositions.length = 0;
  return name;
}

function entity(name: string): EntitySnapshot {
  return present(
    emulator.serviceBus.entities().find(({ path }) => path === name),
    name,
  );
}

function outcomesOf(name: string, ids: readonly string[]): readonly string[] {
  const { outcomes } = entity(name);
  return ids.map((id) => Object.keys(outcomes[id] ?? {}).join("+"));
}

function reasonsOf(name: string): readonly (readonly [string, unknown])[] {
  return entity(name).deadLetters.map((each) => [
    each.messageId,
    each.applicationProperties["DeadLetterReason"],
  ]);
}

function because(deadLetterReason: string): { deadLetterReason: string; deadLetterErrorDescription: string } {
  return { deadLetterReason, deadLetterErrorDescription: "" };
}

describe("the raw SDK, settling in one tick", () => {
  /** Sends `count` messages, receives them, settles them in one tick; resolves when every promise fulfils. */
  async function settleRaw(
    count: number,
    settle: (
      receiver: ServiceBusReceiver,
      messages: readonly ServiceBusReceivedMessage[],
    ) => readonly Promise<void>[],
  ): Promise<{ readonly name: string; readonly ids: readonly string[] }> {
    const name = await newQueue();
    const ids = Array.from({ length: count }, (_, index) => `m${index}`);
    const client = rawClient(tap.endpoint);
    await client.createSender(name).sendMessages(ids.map((messageId) => ({ body: messageId, messageId })));
    const receiver = client.createReceiver(name, { maxAutoLockRenewalDurationInMs: 0 });
    const messages = await receiver.receiveMessages(count, { maxWaitTimeInMs: 10_000 });
    await Promise.all(settle(receiver, messages));
    await client.close();
    return { name, ids };
  }

  const at = (messages: readonly ServiceBusReceivedMessage[], index: number): ServiceBusReceivedMessage =>
    present(messages[index], "message");

  test("deletes a dead letter beside a complete", async () => {
    const { name, ids } = await settleRaw(2, (receiver, messages) => [
      receiver.completeMessage(at(messages, 0)),
      receiver.deadLetterMessage(at(messages, 1), because("bad")),
    ]);
    expect(tap.dispositions).toEqual([{ first: 0, last: 1, outcome: "accepted" }]);
    expect(outcomesOf(name, ids)).toEqual(["completed", "completed"]);
    expect(entity(name).deadLetters).toEqual([]);
  });

  test("dead-letters the completes behind a dead letter", async () => {
    const { name, ids } = await settleRaw(4, (receiver, messages) => [
      receiver.deadLetterMessage(at(messages, 0), because("bad")),
      ...[1, 2, 3].map((index) => receiver.completeMessage(at(messages, index))),
    ]);
    expect(tap.dispositions[0]).toMatchObject({ first: 0, outcome: "rejected" });
    expect(outcomesOf(name, ids)[1]).toBe("deadLettered");
  });

  test("abandons the completes behind an abandon", async () => {
    const { name, ids } = await settleRaw(4, (receiver, messages) => [
      receiver.abandonMessage(at(messages, 0)),
      ...[1, 2, 3].map((index) => receiver.completeMessage(at(messages, index))),
    ]);
    expect(tap.dispositions[0]).toMatchObject({ first: 0, outcome: "modified" });
    expect(outcomesOf(name, ids)[1]).toBe("abandoned");
  });

  test("gives the second of two dead letters the reason of the first", async () => {
    const { name } = await settleRaw(2, (receiver, messages) => [
      receiver.deadLetterMessage(at(messages, 0), because("first")),
      receiver.deadLetterMessage(at(messages, 1), because("second")),
    ]);
    expect(tap.dispositions).toEqual([{ first: 0, last: 1, outcome: "rejected" }]);
    expect(reasonsOf(name)).toEqual([
      ["m0", "first"],
      ["m1", "first"],
    ]);
  });

  test("by itself completes a message whose handler threw, with auto-complete on", async () => {
    const name = await newQueue();
    const client = rawClient(tap.endpoint);
    await client
      .createSender(name)
      .sendMessages(["good", "bad"].map((messageId) => ({ body: messageId, messageId })));
    const receiver = client.createReceiver(name, { maxAutoLockRenewalDurationInMs: 0 });
    const settled = Promise.withResolvers<void>();
    let handled = 0;
    receiver.subscribe(
      {
        processMessage: async ({ messageId }) => {
          handled += 1;
          if (handled === 2) settled.resolve();
          if (messageId === "bad") throw new Error("synchronous");
        },
        processError: async () => {},
      },
      { maxConcurrentCalls: 2 },
    );
    await settled.promise;
    await receiver.close();
    await client.close();
    expect(outcomesOf(name, ["good", "bad"])).toEqual(["completed", "completed"]);
  });

  test("is not helped by a microtask between the calls", async () => {
    const { name, ids } = await settleRaw(2, (receiver, messages) => [
      receiver.completeMessage(at(messages, 0)),
      Promise.resolve().then(() => receiver.deadLetterMessage(at(messages, 1), because("bad"))),
    ]);
    expect(outcomesOf(name, ids)).toEqual(["completed", "completed"]);
  });
});

describe("the adapter, settling in one tick", () => {
  type Step = "C" | "D" | "A";

  interface Settled {
    readonly name: string;
    readonly ids: readonly string[];
    /** The frames until all were settled: an abandoned message comes again, and goes back at the end. */
    readonly frames: readonly DispositionFrame[];
  }

  async function settleAll(steps: readonly Step[]): Promise<Settled> {
    const name = await newQueue();
    const adapter = openAdapter(tap.endpoint);
    const producer = adapter.openProducer(queueOf(adapter, name));
    const ids = steps.map((_, index) => `m${index}`);
    valuesOf(
      await producer.sendBatch(
        ids.map((id) => outgoing(id)),
        never,
      ),
    );
    const consumer = adapter.openConsumer(queueOf(adapter, name), consumerOptions());
    await consumer.open?.(never);
    const deliveries = await receive(consumer, steps.length);
    tap.dispositions.length = 0;
    const results = await Promise.all(
      deliveries.map(
        async (delivery, index) => await settle(consumer, delivery, steps[index] ?? "C", `reason ${index}`),
      ),
    );
    for (const each of results) valuesOf(each);
    const frames = [...tap.dispositions];
    await consumer.close();
    await producer.close();
    await adapter.close();
    return { name, ids, frames };
  }

  test.each([
    ["CD", ["completed", "deadLettered"], ["accepted", "rejected"]],
    ["DCCC", ["deadLettered", "completed", "completed", "completed"], ["rejected", "accepted"]],
    ["ACCC", ["abandoned", "completed", "completed", "completed"], ["modified", "accepted"]],
    ["DD", ["deadLettered", "deadLettered"], ["rejected", "rejected"]],
    ["CCAD", ["completed", "completed", "abandoned", "deadLettered"], ["accepted", "modified", "rejected"]],
  ])("keeps the outcomes of %s apart", async (text, outcomes, expected) => {
    const settled = await settleAll(
      text.split("").map((step): Step => (step === "D" || step === "A" ? step : "C")),
    );
    expect(outcomesOf(settled.name, settled.ids)).toEqual(outcomes);
    expect(settled.frames.map(({ outcome }) => outcome)).toEqual(expected);
    const ranges = settled.frames.filter(
      ({ first, last, outcome }) => last > first && outcome !== "accepted",
    );
    expect(ranges).toEqual([]);
  });

  test("keeps the reasons of two dead letters apart", async () => {
    const { name } = await settleAll(["D", "D"]);
    expect(reasonsOf(name)).toEqual([
      ["m0", "reason 0"],
      ["m1", "reason 1"],
    ]);
  });

  test.each([
    [1, false, 1_200],
    [2, false, 1_200],
    [3, true, 300],
  ])(
    "keeps every outcome of a mix at any concurrency, seed %i, sessions %s",
    async (seed, hasSessions, count) => {
      const random = seededRandom(seed);
      const name = await newQueue(hasSessions);
      const adapter = openAdapter(tap.endpoint);
      const target = hasSessions ? sessionQueueOf(adapter, name) : queueOf(adapter, name);
      const ids = Array.from({ length: count }, (_, index) => `m${index}`);
      const producer = adapter.openProducer(target);
      const messages = ids.map((id, index) =>
        outgoing(id, hasSessions ? { orderingKey: `s${index % 20}` } : {}),
      );
      valuesOf(await producer.sendBatch(messages, never));
      const consumer = adapter.openConsumer(
        target,
        consumerOptions({ flow: { maxOutstanding: 300, lanes: 20 } }),
      );
      await consumer.open?.(never);

      const wanted = new Map<string, Step>();
      const work: Promise<unknown>[] = [];
      let done = 0;
      while (done < count) {
        for (const delivery of await consumer.receiveBatch({ maxItems: 200, waitMs: 5_000 }, never)) {
          const draw = random();
          // An abandoned message comes again, and is completed then.
          const isBack = wanted.get(delivery.id) === "A";
          const step: Step = isBack || draw < 0.7 ? "C" : draw < 0.85 ? "D" : "A";
          if (!isBack) wanted.set(delivery.id, step);
          if (step !== "A") done += 1;
          work.push(
            laterAtRandom(random, () => settle(consumer, delivery, step, `reason of ${delivery.id}`)),
          );
        }
      }
      for (const results of await Promise.all(work)) valuesOf(results as Awaited<ReturnType<typeof settle>>);
      await consumer.close();
      await producer.close();
      await adapter.close();

      const words = { C: "completed", D: "deadLettered", A: "abandoned+completed" };
      expect(outcomesOf(name, ids)).toEqual(ids.map((id) => words[wanted.get(id) ?? "C"]));
      const dead = ids.filter((id) => wanted.get(id) === "D");
      expect(new Map(reasonsOf(name))).toEqual(new Map(dead.map((id) => [id, `reason of ${id}`])));
      expect(dead.length).toBeGreaterThan(count / 20);
      const merged = tap.dispositions.filter(
        ({ first, last, outcome }) => last > first && outcome !== "accepted",
      );
      expect(merged).toEqual([]);
    },
  );

  async function settle(
    consumer: ConsumerDriver<unknown>,
    { handle }: Delivery<unknown>,
    step: Step,
    reason: string,
  ): Promise<Awaited<ReturnType<typeof consumer.ackBatch>>> {
    if (step === "C") return await consumer.ackBatch([handle], never);
    if (step === "A") return await consumer.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], never);
    return present(await consumer.deadLetterBatch?.([{ handle, reason, attributes: {} }], never));
  }
});
