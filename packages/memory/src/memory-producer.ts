import type {
  ItemResult,
  OutgoingMessage,
  ProducerDriver,
  QueueError,
  SendReceipt,
  Target,
} from "@anyqueue/core/adapter";
import { queueError } from "@anyqueue/core/adapter";
import type { Destination } from "./broker/broker.ts";
import type { FaultOperation } from "./fault-plan.ts";
import { closedError } from "./memory-errors.ts";
import type { MemoryEngine } from "./memory-engine.ts";
import { contentOf, providerIdOf, sizeOfMessage } from "./memory-wire.ts";
import { performCall, type Call } from "./perform-call.ts";

/** Stores messages in one queue, topic or dead-letter mailbox. */
export class MemoryProducer implements ProducerDriver {
  readonly takesText: boolean = true;
  readonly #engine: MemoryEngine;
  readonly #target: Target;
  readonly #isDeduplicated: boolean;
  #isClosed = false;

  constructor(engine: MemoryEngine, target: Target) {
    this.#engine = engine;
    this.#target = target;
    this.#isDeduplicated = target.capabilities.deduplication === "window";
  }

  async open(signal: AbortSignal): Promise<void> {
    await performCall(this.#call("open", signal), [], openNothing, this.#engine);
    this.#destination("open");
  }

  sizeOf(message: OutgoingMessage): number {
    return sizeOfMessage(message);
  }

  async sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]> {
    const turn = this.#engine.breather.pause();
    if (turn !== undefined) await turn;
    // Not before the call takes effect: the queue may be deleted while it waits.
    let destination: Destination | undefined;
    const begin = (): ((message: OutgoingMessage) => ItemResult<SendReceipt>) => {
      destination = this.#destination("send");
      return this.#beginStore(destination);
    };
    try {
      return await performCall(this.#call("send", signal), messages, begin, this.#engine);
    } finally {
      for (const mailbox of destination?.mailboxes.values() ?? []) this.#engine.changed(mailbox);
    }
  }

  async cancelBatch(tokens: readonly string[], signal: AbortSignal): Promise<readonly ItemResult[]> {
    const destination = this.#destination("cancel");
    const call = this.#call("cancel", signal);
    try {
      return await performCall(call, tokens, () => (token) => this.#cancel(token), this.#engine);
    } finally {
      for (const mailbox of destination.mailboxes.values()) this.#engine.changed(mailbox);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** Reads both clocks together, so that setting the wall clock meanwhile does not change a delay. */
  #beginStore(destination: Destination): (message: OutgoingMessage) => ItemResult<SendReceipt> {
    const { clock, broker } = this.#engine;
    const nowMs = clock.now();
    const enqueuedAtMs = clock.wallNow();
    const isDeduplicated = this.#isDeduplicated;
    return (message) => {
      const { deliverAtMs, ttlMs } = message;
      const delayMs = deliverAtMs === undefined ? 0 : Math.max(0, Math.ceil(deliverAtMs - enqueuedAtMs));
      const livesMs = ttlMs === undefined ? undefined : delayMs + ttlMs;
      const { sequence, isDuplicate } = broker.submit(
        destination,
        { content: contentOf(message), isDeduplicated, delayMs, ttlMs: livesMs, enqueuedAtMs },
        nowMs,
      );
      const providerId = providerIdOf(sequence);
      if (isDuplicate) return { ok: true, value: { providerId, duplicate: true } };
      if (delayMs > 0) return { ok: true, value: { providerId, cancelToken: providerId } };
      return new Stored(providerId);
    };
  }

  #cancel(token: string): ItemResult {
    if (this.#engine.broker.cancel(Number(token), this.#engine.clock.now()))
      return { ok: true, value: undefined };
    return { ok: false, error: notWaiting(this.#target.name) };
  }

  #destination(operation: FaultOperation): Destination {
    if (this.#isClosed) throw closedError(this.#target.name, operation);
    return this.#engine.destinationOf(this.#target.ref, operation);
  }

  #call(operation: FaultOperation, signal: AbortSignal): Call {
    return { operation, queue: this.#target.entity, target: this.#target.name, signal };
  }
}

/**
 * The usual result and its receipt. Not literals: V8 keeps a record for each, sees that those of the first
 * batches live on, and makes later ones old from the start. Then old garbage keeps the ids of young messages.
 */
class Stored implements SendReceipt {
  readonly ok = true as const;
  readonly providerId: string;

  constructor(providerId: string) {
    this.providerId = providerId;
  }

  get value(): SendReceipt {
    return this;
  }
}

function notWaiting(target: string): QueueError {
  return queueError("NOT_FOUND", {
    what: "no delayed message waits for this token",
    remedy: "Cancel once, before the delay is over.",
    provider: "memory",
    target,
    operation: "cancel",
  });
}

function openNothing(): () => ItemResult {
  return () => ({ ok: true, value: undefined });
}
