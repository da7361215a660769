import type { Capabilities, Feature } from "../src/driver/capabilities.ts";
import type { Limits } from "../src/driver/limits.ts";
import { json } from "../src/message/codec.ts";
import type { DefinitionDetails } from "../src/message/queue-definition.ts";
import { createProducer, type ClosableProducer } from "../src/producer/producer.ts";
import type { ProducerSetup } from "../src/producer/producer-setup.ts";
import { createVirtualClock, type VirtualClock } from "../src/time/virtual-clock.ts";
import { EventLog } from "./consumer-bench.ts";
import { fakeAdapter, FakeProducerDriver, fakeTarget, type SendScript } from "./fake-adapter.ts";

export interface ProducerBenchOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Limits>;
  readonly details?: Partial<DefinitionDetails>;
  readonly setup?: Partial<ProducerSetup>;
  readonly driver?: FakeProducerDriver;
  /** How the service answers; by default it confirms everything. */
  readonly script?: SendScript;
}

export interface ProducerBench {
  readonly clock: VirtualClock;
  readonly driver: FakeProducerDriver;
  readonly events: EventLog;
  readonly producer: ClosableProducer<unknown, Feature>;
}

export const SEND_TIMEOUT_MS = 15_000;

/** A producer on a fake driver and a virtual clock. */
export function producerBench(bench: ProducerBenchOptions = {}): ProducerBench {
  const clock = createVirtualClock();
  const driver = bench.driver ?? new FakeProducerDriver(bench.script);
  const events = new EventLog();
  const target = fakeTarget({ kind: "queue", name: "orders", features: [] }, bench);
  const details: DefinitionDetails = {
    kind: "queue",
    name: "orders",
    codec: json(),
    needs: [],
    emulate: [],
    policy: {},
    ...bench.details,
  };
  const producer = createProducer<unknown, Feature>({
    details,
    adapter: fakeAdapter({ producer: () => driver }),
    target,
    clock,
    events,
    middleware: [],
    retryAmbiguous: "ifDeduplicated",
    sendTimeoutMs: SEND_TIMEOUT_MS,
    maxBufferedBytes: 1_000_000,
    checkEveryBody: false,
    ...bench.setup,
  });
  return { clock, driver, events, producer };
}

/** Details of a definition whose messages are ordered by their `key`. */
export const KEYED: Partial<DefinitionDetails> = {
  needs: ["ordering"],
  orderingKey: (body) => String(Reflect.get(Object(body), "key")),
};

/** Answers that the test gives by hand, call by call. */
export class HeldAnswers {
  readonly #answers: PromiseWithResolvers<Awaited<ReturnType<SendScript>>>[] = [];

  readonly script: SendScript = async () => {
    const answer = Promise.withResolvers<Awaited<ReturnType<SendScript>>>();
    this.#answers.push(answer);
    return await answer.promise;
  };

  at(index: number): PromiseWithResolvers<Awaited<ReturnType<SendScript>>> {
    const answer = this.#answers[index];
    if (answer === undefined) throw new Error(`there was no call ${index}, only ${this.#answers.length}`);
    return answer;
  }
}

/** Returns the current state of a promise without waiting for it: "pending" if it is not settled. */
export async function stateOf(promise: Promise<unknown>, clock: VirtualClock): Promise<string> {
  let state = "pending";
  promise.then(
    () => (state = "resolved"),
    () => (state = "rejected"),
  );
  await clock.settle();
  return state;
}
