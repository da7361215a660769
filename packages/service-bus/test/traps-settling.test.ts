import { createClient, defineQueue } from "@anyqueue/core";
import type { ConsumerDriver, Delivery } from "@anyqueue/core/adapter";
import { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import {
  consumerOptions,
  never,
  present,
  rawClient,
  receive,
  rejection,
  sessionQueueOf,
  valuesOf,
  until,
} from "./open-adapter.ts";
import { connectionString } from "./service-bus-harness.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

// Each trap is first shown with the plain SDK (@azure/service-bus 7.9.5). Then the adapter avoids it.

const tapped = useTappedEmulator();

function refusals(operation: string): number {
  const calls = tapped.emulator.log.entries();
  return calls.filter((call) => call.operation === operation && call.outcome !== "ok").length;
}

describe("closing while a handler works", () => {
  test("trap: a receiver of the SDK that is closed settles nothing any more", async () => {
    await tapped.send(1);
    const receiver = tapped.raw.createReceiver("orders");
    const [message] = await receiver.receiveMessages(1);
    await receiver.close();
    expect(String(await rejection(receiver.completeMessage(present(message))))).toMatch(/closed/u);
    expect(tapped.stored()).toEqual(["locked"]);
  });

  test("waits for it here, and completes its message", async () => {
    const client = createClient(`service-bus://emulator?endpoint=${tapped.tap.endpoint}`, [serviceBus()]);
    tapped.keep({ close: async () => void (await client.close()) });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let isStarted = false;
    const consumer = client.consumer(defineQueue("orders"));
    const run = consumer.run(async () => {
      isStarted = true;
      await released;
    });
    await client.producer(defineQueue("orders")).send("x");
    await until(() => isStarted);
    const closed = consumer.close();
    release();
    expect(await closed).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
    await run;
    expect(tapped.stored()).toEqual([]);
  });
});

/** Asks until a delivery is there: each accept that the cut broke off may be told first. */
async function receiveInTheEnd(consumer: ConsumerDriver<unknown>): Promise<Delivery<unknown> | undefined> {
  for (;;) {
    const ask = { maxItems: 1, waitMs: 15_000 };
    const received = await consumer.receiveBatch(ask, never).catch(() => []);
    if (received.length > 0) return received[0];
  }
}

describe("sessions", () => {
  test("trap: nothing to accept is an error of the SDK; here it is none", async () => {
    const client = rawClient(tapped.tap.endpoint, 300);
    tapped.keep(client);
    const error = await rejection(client.acceptNextSession("keyed"));
    expect(["SessionCannotBeLocked", "ServiceTimeout", "OperationTimeoutError"]).toContain(
      Reflect.get(Object(error), "code"),
    );
    const options = consumerOptions();
    const consumer = await tapped.consume(sessionQueueOf(tapped.adapter, "keyed"), options);
    expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 50 }, never)).toEqual([]);
    expect(options.faults).toEqual([]);
  });

  test("trap: a renewal that fails is only logged by the SDK", async () => {
    await tapped.sendToSession("a");
    const session = await tapped.raw.acceptNextSession("keyed");
    const errors: unknown[] = [];
    session.subscribe(
      {
        processMessage: async () => await new Promise(() => {}),
        processError: async (args) => void errors.push(args),
      },
      { autoCompleteMessages: false },
    );
    tapped.emulator.faults.add({
      protocol: "service-bus",
      operation: "renewSessionLock",
      action: { kind: "sessionLost" },
    });
    await until(() => refusals("renewSessionLock") > 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([]);
  });

  test("a renewal that fails is an answer here", async () => {
    await tapped.sendToSession("a");
    const consumer = await tapped.consume(sessionQueueOf(tapped.adapter, "keyed"));
    const [delivery] = await receive(consumer, 1);
    tapped.emulator.faults.add({
      protocol: "service-bus",
      operation: "renewSessionLock",
      count: 1,
      action: { kind: "error", condition: "com.microsoft:session-lock-lost", description: "lost" },
    });
    const items = [{ handle: delivery?.handle, leaseMs: 5_000 }];
    const [result] = present(await consumer.extendBatch?.(items, never));
    const error = result?.ok === false ? result.error : undefined;
    expect(tapped.adapter.classify(error, "extend").code).toBe("LEASE_LOST");
  });

  test("trap: a session whose socket died is never taken again by the SDK; here it is", async () => {
    await tapped.sendToSession("a");
    const session = await tapped.raw.acceptNextSession("keyed");
    tapped.tap.cut();
    await until(() => session.isClosed);
    expect(String(await rejection(session.receiveMessages(1)))).toMatch(/closed|expired/iu);
    await tapped.emulator.clock.advance(6_000);
    const consumer = await tapped.consume(sessionQueueOf(tapped.adapter, "keyed"));
    const [first] = await receive(consumer, 1);
    tapped.tap.cut();
    await tapped.emulator.clock.advance(6_000);
    const second = await receiveInTheEnd(consumer);
    expect(second?.id).toBe(first?.id);
    expect(second?.leaseKey).not.toBe(first?.leaseKey);
  });
});

describe("a settlement without an answer", () => {
  const unanswered = {
    protocol: "service-bus",
    operation: "complete",
    when: "after",
    count: 1,
    action: { kind: "hold" },
  } as const;

  test("trap: is repeated by the SDK, and a completed message is reported as lost", async () => {
    const client = new ServiceBusClient(connectionString(tapped.tap.endpoint), {
      retryOptions: { maxRetries: 1, retryDelayInMs: 1, timeoutInMs: 1_000 },
    });
    tapped.keep(client);
    await tapped.send(1);
    const receiver = client.createReceiver("orders");
    const [message] = await receiver.receiveMessages(1);
    tapped.emulator.faults.add(unanswered);
    const error = await rejection(receiver.completeMessage(present(message)));
    expect(tapped.stored()).toEqual([]);
    expect(tapped.adapter.classify(error, "ack").code).toBe("LEASE_LOST");
  });

  test("is tried once here: whoever gives it up hears that it may have taken effect", async () => {
    await tapped.send(1);
    const consumer = await tapped.consume();
    const [delivery] = await receive(consumer, 1);
    tapped.emulator.faults.add(unanswered);
    const giveUp = new AbortController();
    const acking = consumer.ackBatch([delivery?.handle], giveUp.signal);
    await until(() => tapped.stored().length === 0);
    giveUp.abort();
    const [result] = await acking;
    const error = result?.ok === false ? result.error : undefined;
    expect(tapped.adapter.classify(error, "ack")).toMatchObject({ ambiguous: true });
    expect(tapped.emulator.log.count("complete")).toBe(1);
  });
});

test("trap: a longer reason of a dead letter is cut by the service; here it is cut before, so that it fits", async () => {
  await tapped.send(1);
  const consumer = await tapped.consume();
  const [delivery] = await receive(consumer, 1);
  const item = {
    handle: delivery?.handle,
    reason: "r".repeat(5_000),
    description: "d".repeat(5_000),
    attributes: {},
  };
  valuesOf(present(await consumer.deadLetterBatch?.([item], never)));
  const [dead] = present(
    tapped.emulator.serviceBus.entities().find(({ path }) => path === "orders"),
  ).deadLetters;
  expect(dead?.applicationProperties).toMatchObject({
    DeadLetterReason: "r".repeat(4_096),
    DeadLetterErrorDescription: "d".repeat(4_096),
  });
});
