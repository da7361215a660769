import type { ConsumerSetup } from "../src/consumer/consumer-setup.ts";
import { openConsumer, type OpenedConsumer } from "../src/consumer/open-consumer.ts";
import { resolveOptions } from "../src/consumer/resolve-options.ts";
import type { Capabilities } from "../src/driver/capabilities.ts";
import type { ConsumerDriverOptions, ErrorClass } from "../src/driver/driver.ts";
import type { ProbeResult, Target } from "../src/driver/entity.ts";
import { json } from "../src/message/codec.ts";
import type { DefinitionDetails } from "../src/message/queue-definition.ts";
import type { ConsumerOptions } from "../src/queue-consumer.ts";
import { createVirtualClock } from "../src/testing.ts";
import { EventLog } from "./consumer-bench.ts";
import { fakeAdapter, FakeProducerDriver, FakeServiceError, fakeTarget } from "./fake-adapter.ts";
import { FakeQueue } from "./fake-queue.ts";

/** What a consumer asks of its driver at the start. */
export const FLOW: Omit<ConsumerDriverOptions<unknown>, "leaseMs"> = {
  mode: "stream",
  flow: { maxOutstanding: 1, lanes: 1 },
  events: { leasesLost: () => {}, fault: () => {} },
};
export const never = async (): Promise<never> => await new Promise(() => {});
export const refused = (errorClass: ErrorClass): FakeServiceError => new FakeServiceError(errorClass);
export const DENIED: ErrorClass = { code: "ACCESS_DENIED", retryable: false };

export interface OpenBenchOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly details?: Partial<DefinitionDetails>;
  readonly options?: ConsumerOptions;
  readonly probe?: (target: Target, signal: AbortSignal) => Promise<ProbeResult>;
  readonly setup?: Partial<ConsumerSetup>;
  /** What `open` of a producer does. */
  readonly openProducer?: () => Promise<void>;
}

/** Opens a consumer on a fake adapter whose parts are written down. */
export function openBench({
  capabilities = {},
  details,
  options = {},
  probe,
  setup,
  openProducer,
}: OpenBenchOptions = {}) {
  const clock = createVirtualClock();
  const events = new EventLog();
  const queue = new FakeQueue(clock);
  const consumers: { readonly target: Target; readonly options: ConsumerDriverOptions<string> }[] = [];
  const producers: FakeProducerDriver[] = [];
  const able = { deadLetter: "native", ...capabilities } as const;
  const adapter = {
    ...fakeAdapter({
      capabilities: able,
      producer: () => {
        const driver = new FakeProducerDriver();
        if (openProducer !== undefined) driver.open = openProducer;
        producers.push(driver);
        return driver;
      },
      consumer: (target, given) => {
        consumers.push({ target, options: given });
        return queue.connect(given);
      },
    }),
    ...(probe === undefined ? {} : { probe }),
  };
  const target = fakeTarget({ kind: "queue", name: "orders", features: [] }, { capabilities: able });
  const made: ConsumerSetup = {
    details: { kind: "queue", name: "orders", codec: json(), needs: [], emulate: [], policy: {}, ...details },
    adapter,
    target,
    deadLetterTarget: () => fakeTarget({ kind: "queue", name: "orders-dead", features: [] }),
    options,
    clock,
    events,
    middleware: [],
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    ...setup,
  };
  const closing = new AbortController();
  const open = async (): Promise<OpenedConsumer> =>
    await openConsumer(made, resolveOptions(options, {}), FLOW, closing.signal);
  return { clock, closing, events, queue, consumers, producers, target, open };
}
