import { expect, onTestFinished, test, vi } from "vitest";
import { field } from "../src/field.ts";
import { AmqpTap } from "./amqp-tap.ts";
import { consumerOptions, never, openAdapter, outgoing, queueOf } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

/** The SDK waits for a second between its tries to open a link. */
const LONG_MS = 1_500;

/** Shows the timers that were set since, by their times, and that keep the process alive for long. */
function watchTimers(): () => readonly number[] {
  const spy = vi.spyOn(globalThis, "setTimeout");
  onTestFinished(() => spy.mockRestore());
  return () =>
    spy.mock.results.flatMap(({ value }, index) => {
      const ms = Number(spy.mock.calls[index]?.[1]);
      return ms > LONG_MS && isAlive(value) ? [ms] : [];
    });
}

function isAlive(timer: unknown): boolean {
  // Node's own name: a timer that was cleared still says that it has a reference.
  return (
    timer instanceof Object &&
    field(timer, "_destroyed") === false &&
    Reflect.get(timer, "hasRef").call(timer)
  );
}

// The connection opens with some 25 frames: sessions, links and tokens of a producer and a consumer.
test.each(Array.from({ length: 26 }, (_, index) => index + 1))(
  "nothing keeps the process alive after a close when the connection died with frame %i",
  async (frames) => {
    const { entity } = await shared.newQueue();
    const tap = await AmqpTap.start(shared.endpoint);
    const alive = watchTimers();
    tap.cutAfter(frames);
    const adapter = openAdapter(tap.endpoint);
    const target = queueOf(adapter, entity);
    const consumer = adapter.openConsumer(target, consumerOptions());
    const producer = adapter.openProducer(target);
    await Promise.allSettled([consumer.open?.(never), producer.sendBatch([outgoing("one")], never)]);
    for (const each of [consumer, producer, adapter, tap]) await each.close();
    await vi.waitFor(() => expect(alive()).toEqual([]), { timeout: 5_000 });
  },
);
