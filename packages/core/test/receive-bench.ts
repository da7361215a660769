import type { Delivery } from "../src/driver/delivery.ts";
import type { ConsumerDriver, ErrorClass, ReceiveAsk } from "../src/driver/driver.ts";
import type { Limits } from "../src/driver/limits.ts";
import { QueueError } from "../src/errors/queue-error.ts";
import { PaceMeter } from "../src/consumer/prefetch-size.ts";
import { ReceiveLoop } from "../src/consumer/receive-loop.ts";
import { createVirtualClock, delivery, type VirtualClock } from "../src/testing.ts";
import { EventLog } from "./consumer-bench.ts";
import { FAKE_LIMITS, FakeServiceError } from "./fake-adapter.ts";

export const UNAVAILABLE: ErrorClass = { code: "UNAVAILABLE", retryable: true };

export const some = (count: number): readonly Delivery<unknown>[] =>
  Array.from({ length: count }, (_, index) => delivery<unknown>(`h${index}`));

/** One ask that stays open until the test answers it. */
interface OpenAsk extends ReceiveAsk {
  readonly atMs: number;
  readonly signal: AbortSignal;
  readonly answer: (deliveries: readonly Delivery<unknown>[]) => Promise<void>;
  readonly fail: (errorClass: ErrorClass) => Promise<void>;
}

/** A driver that records its asks and leaves them open. */
function askRecorder(clock: VirtualClock, asks: OpenAsk[]): ConsumerDriver<unknown> {
  return {
    async receiveBatch(ask: ReceiveAsk, signal: AbortSignal) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Delivery<unknown>[]>();
      asks.push({
        ...ask,
        signal,
        atMs: clock.now(),
        async answer(deliveries) {
          resolve(deliveries);
          await clock.settle();
        },
        async fail(errorClass) {
          reject(new FakeServiceError(errorClass));
          await clock.settle();
        },
      });
      return await promise;
    },
  } as unknown as ConsumerDriver<unknown>;
}

type BenchOptions = Partial<Limits["receive"]> & { readonly random?: number | (() => number) };

/** A receive loop whose asks the test answers, and whose room the test decides. */
export function receiveBench({ random = 0.5, ...receive }: BenchOptions = {}) {
  const clock = createVirtualClock();
  const events = new EventLog();
  const state = { room: 10, capacity: 10, readyCount: 0, ended: 0, looks: 0, stalledMs: 0 };
  const asks: OpenAsk[] = [];
  const accepted: { readonly count: number; readonly ask: number; readonly stalledAtMs: number }[] = [];
  const refused: { readonly count: number; readonly ask: number }[] = [];
  const fatal: string[] = [];
  const pace = new PaceMeter(clock.now());
  const loop = new ReceiveLoop({
    target: "fake://here/orders",
    driver: askRecorder(clock, asks),
    limits: { ...FAKE_LIMITS, receive: { ...FAKE_LIMITS.receive, ...receive } },
    clock,
    events,
    random: typeof random === "number" ? () => random : random,
    toError: (operation, thrown) => {
      const { errorClass } = thrown as FakeServiceError;
      return new QueueError(errorClass.code, { what: `${operation} failed`, ...errorClass });
    },
    room: {
      left: () => {
        state.looks += 1;
        return state.room;
      },
      capacity: () => state.capacity,
    },
    dispatcher: state,
    worker: state,
    pace,
    accept: ({ length }, ask, stalledAtMs) => accepted.push({ count: length, ask, stalledAtMs }),
    refuse: ({ length }, ask) => refused.push({ count: length, ask }),
    onFatal: (error) => fatal.push(error.code),
    watchdog: { stalledMs: () => state.stalledMs },
  });
  const latest = (): OpenAsk => {
    const ask = asks.at(-1);
    if (ask === undefined) throw new Error("nothing was asked for");
    return ask;
  };
  const start = async (): Promise<void> => {
    loop.start();
    await clock.settle();
  };
  return { clock, events, state, asks, accepted, refused, fatal, loop, pace, latest, start };
}
