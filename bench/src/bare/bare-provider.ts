// A provider that does as little as possible, so that benchmarks measure the core. It answers in the next
// turn of the event loop, as a socket does. Within one turn every message would be a batch of its own.
import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Capabilities,
  ConsumerDriver,
  Delivery,
  ItemResult,
  Limits,
  OutgoingMessage,
  ProducerDriver,
  Provider,
  SendReceipt,
  Target,
} from "@anyqueue/core/adapter";

const LEASE_MS = 30_000;
const BATCH = 1_000;

const CAPABILITIES: Capabilities = {
  ordering: "none",
  deduplication: "none",
  sendDelay: "none",
  releaseDelay: "none",
  lease: "timed",
  leaseSetBy: "consumer",
  release: "native",
  deadLetter: "none",
  deliveryCount: "exact",
  settle: "confirmed",
  abort: "clean",
  followers: "release",
  isolation: "free",
  batchFailure: "per-item",
  batchKey: "mixed",
  ttl: false,
  peek: false,
  cancel: false,
  filter: false,
  exactlyOnceAck: true,
};

const OPERATION = { maxItems: BATCH, maxInFlight: 4 };

const LIMITS: Limits = {
  maxMessageBytes: 1_048_576,
  send: { ...OPERATION, maxBytes: 16_777_216, overheadBytes: 0 },
  receive: { maxItems: BATCH, maxWaitMs: 30_000, parallel: 1, billed: false },
  ack: OPERATION,
  release: OPERATION,
  extend: OPERATION,
  deadLetter: OPERATION,
  lease: { minMs: 1, maxMs: 43_200_000, totalMs: Number.POSITIVE_INFINITY },
  attributes: {
    maxCount: 10,
    maxNameBytes: 256,
    maxValueBytes: 1_024,
    reservedPrefixes: [],
    emptyValues: true,
  },
  orderingKey: { maxLength: 128 },
  deduplicationId: { maxLength: 128 },
};

const NO_BYTES = new Uint8Array();
const SENT: ItemResult<SendReceipt> = { ok: true, value: {} };
const DONE: ItemResult = { ok: true, value: undefined };
const EXTENDED: ItemResult<{ readonly leaseMs: number }> = { ok: true, value: { leaseMs: LEASE_MS } };

/** Sets all fields at once, as a class: V8 may allocate a literal as old, which would be measured too. */
class BareDelivery implements Delivery<number> {
  readonly handle: number;
  readonly id: string;
  readonly providerId: string;
  readonly body: Uint8Array;
  readonly text: string | undefined;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly deliveryCount = 1;
  readonly leaseMs = LEASE_MS;
  readonly native = undefined;

  constructor(handle: number, message: OutgoingMessage) {
    const { id, text, contentType, attributes } = message;
    this.handle = handle;
    this.id = id;
    this.providerId = id;
    this.body = text === undefined ? message.body : NO_BYTES;
    this.text = text;
    this.contentType = contentType;
    this.attributes = attributes;
  }
}

/** Holds messages in the order of sending, and the receive that waits for the next one. */
export class BareQueue {
  /** Messages acked so far. */
  acked = 0;
  #waiting: Delivery<number>[] = [];
  #wake: (() => void) | undefined;

  /** Accepts a producer's batch. Resolves when it is confirmed. */
  async accept(messages: readonly OutgoingMessage[]): Promise<void> {
    await nextTurn();
    for (const message of messages) this.#put(message);
  }

  #put(message: OutgoingMessage): void {
    this.#waiting.push(new BareDelivery(this.#waiting.length, message));
    this.#wake?.();
  }

  async take(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<number>[]> {
    if (this.#waiting.length === 0 && !signal.aborted) await this.#untilThere(signal);
    if (signal.aborted) return [];
    if (this.#waiting.length > maxItems) return this.#waiting.splice(0, maxItems);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #untilThere(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake = undefined;
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener("abort", wake);
    });
  }
}

/** The provider of `bare:`. Every queue name means the given queue. */
export function bare(queue: BareQueue): Provider<"bare", []> {
  return {
    scheme: "bare",
    connect: () => ({
      name: "bare",
      resolve: (ref): Target => ({
        name: `bare:${ref.name}`,
        entity: ref.name,
        ref,
        capabilities: CAPABILITIES,
        limits: LIMITS,
      }),
      openProducer: () => producerOf(queue),
      openConsumer: () => consumerOf(queue),
      classify: () => ({ code: "INTERNAL", retryable: false }),
      close: () => Promise.resolve(),
    }),
  };
}

function producerOf(queue: BareQueue): ProducerDriver {
  return {
    takesText: true,
    sizeOf: (message) => message.text?.length ?? message.body.byteLength,
    async sendBatch(messages) {
      await queue.accept(messages);
      return messages.map(() => SENT);
    },
    close: () => Promise.resolve(),
  };
}

function consumerOf(queue: BareQueue): ConsumerDriver<number> {
  return {
    receiveBatch: async ({ maxItems }, signal) => await queue.take(maxItems, signal),
    async ackBatch(handles) {
      await nextTurn();
      queue.acked += handles.length;
      return handles.map(() => DONE);
    },
    releaseBatch: (items) => Promise.resolve(items.map(() => DONE)),
    extendBatch: (items) => Promise.resolve(items.map(() => EXTENDED)),
    close: () => Promise.resolve(),
  };
}
