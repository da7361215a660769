import type { Capabilities } from "../src/driver/capabilities.ts";
import type { OutgoingMessage } from "../src/driver/delivery.ts";
import type {
  ConsumerDriver,
  ConsumerDriverOptions,
  ErrorClass,
  ItemResult,
  Operation,
  ProducerDriver,
  QueueAdapter,
  SendReceipt,
} from "../src/driver/driver.ts";
import type { EntityRef, Target } from "../src/driver/entity.ts";
import type { Limits } from "../src/driver/limits.ts";

/** An error of the fake service, with its own classification. */
export class FakeServiceError extends Error {
  readonly errorClass: ErrorClass;

  constructor(errorClass: ErrorClass) {
    super(`fake ${errorClass.code}`);
    this.errorClass = errorClass;
  }
}

export const FAKE_CAPABILITIES: Capabilities = {
  ordering: "by-key",
  deduplication: "none",
  sendDelay: "none",
  releaseDelay: { maxMs: 43_200_000 },
  lease: "timed",
  leaseSetBy: "consumer",
  release: "native",
  deadLetter: "none",
  deliveryCount: "exact",
  settle: "confirmed",
  abort: "clean",
  followers: "hold",
  isolation: "free",
  batchFailure: "per-item",
  batchKey: "mixed",
  ttl: false,
  peek: false,
  cancel: false,
  filter: false,
  exactlyOnceAck: false,
};

const OPERATION = { maxItems: 10, maxInFlight: 4 };

export const FAKE_LIMITS: Limits = {
  maxMessageBytes: 1_000,
  send: { maxItems: 10, maxBytes: 2_000, overheadBytes: 20, maxInFlight: 4 },
  receive: { maxItems: 10, maxWaitMs: 20_000, parallel: 2, billed: false },
  ack: OPERATION,
  release: OPERATION,
  extend: OPERATION,
  deadLetter: OPERATION,
  lease: { minMs: 0, maxMs: 43_200_000, totalMs: 43_200_000 },
  attributes: {
    maxCount: 10,
    maxNameBytes: 64,
    maxValueBytes: 256,
    reservedPrefixes: ["fake-"],
    emptyValues: true,
  },
  orderingKey: { maxLength: 32 },
  deduplicationId: { maxLength: 64 },
};

export interface FakeTargetOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Limits>;
}

export function fakeTarget(ref: EntityRef, options: FakeTargetOptions = {}): Target {
  return {
    name: `fake://here/${ref.name}`,
    entity: ref.name,
    ref,
    capabilities: { ...FAKE_CAPABILITIES, ...options.capabilities },
    limits: { ...FAKE_LIMITS, ...options.limits },
  };
}

export type SendScript = (
  messages: readonly OutgoingMessage[],
  signal: AbortSignal,
  call: number,
) => Promise<readonly ItemResult<SendReceipt>[]>;

/** A producer driver that records its calls and follows the script, or else confirms every message. */
export class FakeProducerDriver implements ProducerDriver {
  readonly calls: (readonly OutgoingMessage[])[] = [];
  /** The signals of the calls. */
  readonly signals: AbortSignal[] = [];
  opens = 0;
  isClosed = false;
  readonly #script: SendScript;

  constructor(script: SendScript = confirmAll) {
    this.#script = script;
  }

  /** The ids of the messages of each call. */
  get sentIds(): readonly (readonly string[])[] {
    return this.calls.map((messages) => messages.map((message) => message.id));
  }

  async open(): Promise<void> {
    this.opens += 1;
  }

  sizeOf(message: OutgoingMessage): number {
    let bytes = message.body.byteLength;
    for (const [name, value] of Object.entries(message.attributes)) {
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    }
    return bytes;
  }

  async sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]> {
    this.calls.push(messages);
    this.signals.push(signal);
    return await this.#script(messages, signal, this.calls.length);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

export async function confirmAll(
  messages: readonly OutgoingMessage[],
): Promise<readonly ItemResult<SendReceipt>[]> {
  return messages.map(confirmed);
}

export function confirmed(message: OutgoingMessage): ItemResult<SendReceipt> {
  return { ok: true, value: { providerId: `stored-${message.id}` } };
}

export function failed(errorClass: ErrorClass): { readonly ok: false; readonly error: FakeServiceError } {
  return { ok: false, error: new FakeServiceError(errorClass) };
}

export interface FakeAdapterOptions extends FakeTargetOptions {
  readonly producer?: () => ProducerDriver;
  readonly consumer?: (target: Target, options: ConsumerDriverOptions<string>) => ConsumerDriver<string>;
}

/** An adapter whose drivers come from the test. */
export function fakeAdapter(options: FakeAdapterOptions = {}): QueueAdapter<string> {
  return {
    name: "fake",
    resolve: (ref) => fakeTarget(ref, options),
    openProducer: () => (options.producer ?? (() => new FakeProducerDriver()))(),
    openConsumer(target, driverOptions) {
      if (options.consumer === undefined) throw new Error("the test gave no consumer driver");
      return options.consumer(target, driverOptions);
    },
    classify: classifyFake,
    close: async () => {},
  };
}

function classifyFake(error: unknown, _during: Operation): ErrorClass {
  return error instanceof FakeServiceError ? error.errorClass : { code: "INTERNAL", retryable: false };
}
