import assert from "node:assert/strict";
import type {
  ConsumerDriver,
  Delivery,
  ItemResult,
  OutgoingMessage,
  ProducerDriver,
  QueueAdapter,
  SendReceipt,
  Target,
} from "@anyqueue/core/adapter";
import type { Bench } from "./bench.ts";
import type { TestQueue } from "./test-queue.ts";

/** The fields of a message that a case may set at driver level. */
export type DraftMessage = Partial<Omit<OutgoingMessage, "body">> & {
  readonly text?: string;
  readonly body?: Uint8Array;
};

/**
 * One answer without messages tells little: where an ask must lock keys one after the other, the first of them may come
 * later than it waits on a busy machine.
 */
const EMPTY_ANSWERS = 5;

const encoder = new TextEncoder();

/** The drivers of one queue, opened as the core opens them. */
export class DriverBench {
  readonly adapter: QueueAdapter;
  readonly target: Target;
  readonly producer: ProducerDriver;
  readonly lost: unknown[] = [];
  readonly #bench: Bench;
  readonly #queue: TestQueue;
  readonly #consumers: ConsumerDriver<unknown>[] = [];
  #nextId = 0;

  constructor(bench: Bench, queue: TestQueue, adapter: QueueAdapter) {
    this.#bench = bench;
    this.#queue = queue;
    this.adapter = adapter;
    this.target = adapter.resolve({
      kind: "queue",
      name: queue.entity,
      exact: true,
      features: [
        ...(queue.options.ordered === true ? (["ordering"] as const) : []),
        ...(queue.options.deduplicated === true ? (["deduplication"] as const) : []),
        ...(queue.options.needs ?? []),
      ],
    });
    this.producer = adapter.openProducer(this.target);
  }

  /** Opens another consumer driver. */
  async consumer(leaseMs: number = this.#bench.leaseMs): Promise<ConsumerDriver<unknown>> {
    const consumer = this.adapter.openConsumer(this.target, {
      mode: "pull",
      leaseMs,
      flow: { maxOutstanding: 1_000, lanes: 100 },
      events: {
        leasesLost: (lost) => void this.lost.push(lost),
        fault: () => undefined,
      },
    });
    this.#consumers.push(consumer);
    await consumer.open?.(this.#bench.signal);
    return consumer;
  }

  /** True if the service counts the deliveries of this particular entity. */
  async countsDeliveries(): Promise<boolean> {
    const probed = await this.adapter.probe?.(this.target, this.#bench.signal);
    const { deliveryCount } = { ...this.target.capabilities, ...probed?.capabilities };
    return deliveryCount !== "none";
  }

  /** A message; has its own key and deduplication id if the target requires them. */
  message(draft: DraftMessage = {}): OutgoingMessage {
    const number = this.#nextId;
    this.#nextId += 1;
    const { text = `message ${number}`, ...given } = draft;
    const id = given.id ?? `${this.#queue.name}-${number}`;
    return {
      id,
      body: encoder.encode(text),
      contentType: "text/plain; charset=utf-8",
      attributes: {},
      ...(this.#queue.options.ordered === true ? { orderingKey: `key-${number}` } : {}),
      ...(this.target.capabilities.deduplication === "window" ? { deduplicationId: id } : {}),
      ...given,
    };
  }

  messages(count: number, draft: (index: number) => DraftMessage = () => ({})): readonly OutgoingMessage[] {
    return Array.from({ length: count }, (_, index) => this.message(draft(index)));
  }

  async send(...messages: readonly OutgoingMessage[]): Promise<readonly ItemResult<SendReceipt>[]> {
    await this.producer.open?.(this.#bench.signal);
    return await this.#bench.settled(
      "the send answers",
      this.producer.sendBatch(messages, this.#bench.signal),
    );
  }

  /** Sends, and asserts that every message was accepted. */
  async sendAll(...messages: readonly OutgoingMessage[]): Promise<readonly SendReceipt[]> {
    return values(await this.send(...messages));
  }

  /** Sends one message and receives it with a new consumer. */
  async oneInHand(): Promise<{
    readonly consumer: ConsumerDriver<unknown>;
    readonly delivery: Delivery<unknown>;
  }> {
    const consumer = await this.consumer();
    await this.sendAll(this.message());
    const [delivery] = await this.receive(consumer, 1);
    assert.ok(delivery !== undefined, "a message that was sent is received");
    return { consumer, delivery };
  }

  /** Asks until `count` deliveries have arrived; fails if there are more or fewer. */
  async receive(
    consumer: ConsumerDriver<unknown>,
    count: number,
    withinMs?: number,
  ): Promise<readonly Delivery<unknown>[]> {
    const { maxItems, maxWaitMs } = this.target.limits.receive;
    const deliveries: Delivery<unknown>[] = [];
    const controller = new AbortController();
    let failure: { readonly error: unknown } | undefined;
    let isAsking = false;
    const ask = async (): Promise<void> => {
      isAsking = true;
      try {
        const wanted = {
          maxItems: Math.min(count - deliveries.length, maxItems),
          waitMs: Math.min(1_000, maxWaitMs),
        };
        deliveries.push(...(await consumer.receiveBatch(wanted, controller.signal)));
      } catch (error) {
        failure = { error };
      } finally {
        isAsking = false;
      }
    };
    const isDone = (): boolean => {
      if (failure !== undefined) throw failure.error;
      if (deliveries.length >= count) return true;
      if (!isAsking) void ask();
      return false;
    };
    try {
      await this.#bench.until(`${count} deliveries`, isDone, withinMs);
    } finally {
      controller.abort();
    }
    assert.equal(deliveries.length, count, "deliveries received; more than asked for break rule D1");
    return deliveries;
  }

  /**
   * Everything that can be received now.
   *
   * @param onReceived called with what an ask brought
   */
  async receiveNow(
    consumer: ConsumerDriver<unknown>,
    onReceived: (received: readonly Delivery<unknown>[]) => unknown = () => undefined,
  ): Promise<readonly Delivery<unknown>[]> {
    const { maxItems } = this.target.limits.receive;
    const deliveries: Delivery<unknown>[] = [];
    for (let empty = 0; empty < EMPTY_ANSWERS;) {
      const received = await this.#bench.settled(
        "an ask without wait answers",
        consumer.receiveBatch({ maxItems: Math.min(maxItems, 100), waitMs: 0 }, this.#bench.signal),
      );
      empty = received.length === 0 ? empty + 1 : 0;
      deliveries.push(...received);
      if (received.length > 0) await onReceived(received);
    }
    return deliveries;
  }

  /** The portable code of a failed item. */
  codeOf(
    result: ItemResult<unknown> | undefined,
    during: "send" | "ack" | "release" | "extend" | "deadLetter",
  ): string {
    if (result === undefined) return "no result";
    return result.ok ? "ok" : this.adapter.classify(result.error, during).code;
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.close()));
    await this.producer.close();
  }
}

/** The values of results, all of which must be ok. */
export function values<T>(results: readonly ItemResult<T>[]): readonly T[] {
  return results.map((result, index) => {
    if (!result.ok) return assert.fail(`item ${index} failed: ${String(result.error)}`);
    return result.value;
  });
}
