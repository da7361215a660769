import type { ConsumerDriver, ItemResult } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import {
  consumerOptions,
  never,
  outgoing,
  present,
  queueOf,
  receive,
  sessionQueueOf,
  until,
  valuesOf,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator("manual");

type Settle = (
  consumer: ConsumerDriver<unknown>,
  handle: unknown,
  signal: AbortSignal,
) => Promise<readonly ItemResult[] | undefined>;

const complete: Settle = async (consumer, handle, signal) => await consumer.ackBatch([handle], signal);
const abandon: Settle = async (consumer, handle, signal) =>
  await consumer.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], signal);
const deadLetter: Settle = async (consumer, handle, signal) =>
  await consumer.deadLetterBatch?.([{ handle, reason: "bad", attributes: {} }], signal);

// The SDK (7.9.5) refuses to settle what the service has settled, even if that was the same settlement.
test.each([
  ["complete", false, complete],
  ["abandon", false, abandon],
  ["deadLetter", false, deadLetter],
  ["complete", true, complete],
  ["deadLetter", true, deadLetter],
])("a late answer counts: a repeated %s is done, with sessions: %s", async (operation, isKeyed, settle) => {
  const { emulator, adapter } = shared;
  const queue = await shared.createQueue({ requiresSession: isKeyed });
  const target = isKeyed ? sessionQueueOf(adapter, queue) : queueOf(adapter, queue);
  const producer = shared.keep(adapter.openProducer(target));
  const send = async (id: string): Promise<void> => {
    valuesOf(await producer.sendBatch([outgoing(id, isKeyed ? { orderingKey: operation } : {})], never));
  };
  const consumer = await shared.consume(target, consumerOptions({ flow: { maxOutstanding: 1, lanes: 1 } }));
  // Only from the second message on does a link complete without the SDK.
  for (const id of ["first", "second"]) {
    await send(id);
    const { handle } = present((await receive(consumer, 1))[0]);
    const delay = { kind: "delay", ms: 200 } as const;
    const settlement = { protocol: "service-bus", operation, queue, when: "after", count: 1 } as const;
    const fault = emulator.faults.add({ ...settlement, action: delay });
    const givenUp = new AbortController();
    const settling = settle(consumer, handle, givenUp.signal);
    await until(() => emulator.faults.list().some(({ id: rule, fired }) => rule === fault && fired === 1));
    givenUp.abort();
    expect(await settling).toMatchObject([{ ok: false }]);
    await emulator.clock.advance(200);
    // Its answer comes over the same connection, after the late one.
    await consumer.peekBatch?.(1, never);
    valuesOf(present(await settle(consumer, handle, never)));
  }
});
