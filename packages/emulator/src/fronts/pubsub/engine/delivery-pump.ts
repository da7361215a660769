import type { Backlog } from "./backlog.ts";
import type { BacklogEntry } from "./backlog-entry.ts";
import type { Consumer, Delivery } from "./consumer.ts";

/** Runs a task in a later turn of the event loop. A test without sockets may run it at once. */
export type Defer = (task: () => void) => void;

/** A batch is sent once it has this many messages or bytes, so that a stream can report that it is full. */
const MAX_BATCH_MESSAGES = 500;
const MAX_BATCH_BYTES = 512 * 1024;

/**
 * Hands the messages of a subscription to its consumers in turn.
 *
 * It runs one turn of the event loop after the change that woke it. The messages of one publish then reach a
 * consumer together, and a consumer that has just disconnected can leave before it is served.
 */
export class DeliveryPump {
  readonly #backlog: Backlog;
  readonly #toDelivery: (entry: BacklogEntry) => Delivery;
  readonly #defer: Defer;
  readonly #consumers = new Set<Consumer>();
  #isAwake = false;

  constructor(backlog: Backlog, toDelivery: (entry: BacklogEntry) => Delivery, defer: Defer) {
    this.#backlog = backlog;
    this.#toDelivery = toDelivery;
    this.#defer = defer;
  }

  get consumers(): readonly Consumer[] {
    return [...this.#consumers];
  }

  add(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.wake();
  }

  remove(consumer: Consumer): void {
    consumer.isClosed = true;
    this.#consumers.delete(consumer);
  }

  wake(): void {
    if (this.#isAwake || this.#consumers.size === 0) return;
    this.#isAwake = true;
    this.#defer(() => {
      this.#isAwake = false;
      this.#run();
    });
  }

  #run(): void {
    let remaining = [...this.#consumers];
    const batches = new Map<Consumer, Batch>();
    while (remaining.length > 0) remaining = remaining.filter((consumer) => this.#feed(consumer, batches));
    for (const [consumer, batch] of batches) this.#send(consumer, batch);
    this.#rotate();
  }

  /** Takes one message for one consumer. Returns false if it can have no more now. */
  #feed(consumer: Consumer, batches: Map<Consumer, Batch>): boolean {
    if (!consumer.hasRoom()) return false;
    const entry = this.#backlog.take(consumer);
    if (entry === undefined) return false;
    const batch = batches.get(consumer) ?? { deliveries: [], bytes: 0 };
    batches.set(consumer, batch);
    batch.deliveries.push(this.#toDelivery(entry));
    batch.bytes += entry.message.size;
    if (batch.deliveries.length >= MAX_BATCH_MESSAGES || batch.bytes >= MAX_BATCH_BYTES) {
      batches.delete(consumer);
      this.#send(consumer, batch);
    }
    return true;
  }

  #send(consumer: Consumer, batch: Batch): void {
    consumer.deliver(batch.deliveries);
  }

  /** Without rotation, single messages would all go to the consumer that came first. */
  #rotate(): void {
    const [first] = this.#consumers;
    if (first === undefined || this.#consumers.size === 1) return;
    this.#consumers.delete(first);
    this.#consumers.add(first);
  }
}

interface Batch {
  readonly deliveries: Delivery[];
  bytes: number;
}
