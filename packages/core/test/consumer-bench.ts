import { createConsumer } from "../src/consumer/consumer.ts";
import type { ConsumerSetup } from "../src/consumer/consumer-setup.ts";
import type { Capabilities, Feature } from "../src/driver/capabilities.ts";
import type { ConsumerDriver, QueueAdapter } from "../src/driver/driver.ts";
import type { ProbeResult } from "../src/driver/entity.ts";
import type { Limits } from "../src/driver/limits.ts";
import { json } from "../src/message/codec.ts";
import type { DefinitionDetails } from "../src/message/queue-definition.ts";
import type { ConsumerOptions, QueueConsumer } from "../src/queue-consumer.ts";
import type { EventName, EventSink, QueueEvents } from "../src/telemetry/events.ts";
import { createVirtualClock, type VirtualClock } from "../src/time/virtual-clock.ts";
import {
  FAKE_CAPABILITIES,
  FAKE_LIMITS,
  fakeAdapter,
  FakeProducerDriver,
  fakeTarget,
  type SendScript,
} from "./fake-adapter.ts";
import { FakeQueue } from "./fake-queue.ts";

export interface BenchOptions {
  readonly options?: ConsumerOptions;
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Limits>;
  readonly details?: Partial<DefinitionDetails>;
  readonly emulate?: readonly Feature[];
  readonly setup?: Partial<ConsumerSetup>;
  readonly probe?: () => Promise<ProbeResult>;
  /** How the dead-letter queue answers. */
  readonly deadLetters?: SendScript;
  /** Wraps or replaces the queue's driver. */
  readonly driver?: (queue: FakeQueue) => ConsumerDriver<string>;
}

export interface SeenEvent {
  readonly name: EventName;
  readonly event: QueueEvents[EventName];
}

/** Records events. */
export class EventLog implements EventSink {
  readonly seen: SeenEvent[] = [];

  emit<Name extends EventName>(name: Name, event: QueueEvents[Name]): void {
    this.seen.push({ name, event });
  }

  isActive(_name: EventName): boolean {
    return true;
  }

  of<Name extends EventName>(name: Name): readonly QueueEvents[Name][] {
    return this.seen.filter((one) => one.name === name).map((one) => one.event as QueueEvents[Name]);
  }
}

export interface ConsumerBench {
  readonly clock: VirtualClock;
  readonly queue: FakeQueue;
  readonly events: EventLog;
  readonly deadLetters: FakeProducerDriver;
  readonly consumer: QueueConsumer<unknown>;
  readonly adapter: QueueAdapter<string>;
}

/** A consumer on a fake queue, with a virtual clock and a constant source of randomness. */
export function consumerBench(bench: BenchOptions = {}): ConsumerBench {
  const clock = createVirtualClock();
  const queue = new FakeQueue(clock);
  const events = new EventLog();
  const deadLetters = new FakeProducerDriver(bench.deadLetters);
  const capabilities = {
    ...FAKE_CAPABILITIES,
    deadLetter: "native",
    followers: "release",
    ...bench.capabilities,
  } as const;
  const limits = { ...FAKE_LIMITS, maxMessageBytes: 100_000, ...bench.limits };
  const adapter = {
    ...fakeAdapter({
      capabilities,
      limits,
      producer: () => deadLetters,
      consumer: (_target, options) => (bench.driver ?? ((one) => one))(queue.connect(options)),
    }),
    ...(bench.probe === undefined ? {} : { probe: bench.probe }),
  };
  const details: DefinitionDetails = {
    kind: "queue",
    name: "orders",
    codec: json(),
    needs: [],
    emulate: bench.emulate ?? [],
    policy: {},
    ...bench.details,
  };
  const target = fakeTarget({ kind: "queue", name: "orders", features: [] }, { capabilities, limits });
  const consumer = createConsumer<unknown>({
    details,
    adapter,
    target,
    deadLetterTarget: () => fakeTarget({ kind: "queue", name: "orders-dead", features: [] }, { limits }),
    options: bench.options ?? {},
    clock,
    events,
    middleware: [],
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    random: () => 0.5,
    ...bench.setup,
  });
  return { clock, queue, events, deadLetters, consumer, adapter };
}

/** Returns a promise's rejection, or undefined. Awaits it at once, so that it is never unhandled. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A handler that counts how many of its runs overlap, and ends after `ms` of virtual time. */
export function tracked(
  clock: { setTimer(callback: () => void, ms: number): unknown },
  ms: number | ((id: string) => number),
) {
  const track = { now: 0, most: 0, done: 0 };
  const handler = async (message: { readonly id: string }): Promise<void> => {
    track.now += 1;
    track.most = Math.max(track.most, track.now);
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, typeof ms === "number" ? ms : ms(message.id));
    });
    track.now -= 1;
    track.done += 1;
  };
  return { track, handler };
}
