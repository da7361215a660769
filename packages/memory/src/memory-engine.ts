import { queueError, type Clock, type EntityRef, type Operation } from "@anyqueue/core/adapter";
import { Breather } from "./breather.ts";
import { Broker, type Destination } from "./broker/broker.ts";
import type { Mailbox } from "./broker/mailbox.ts";
import type { Lease, LeaseHolder } from "./broker/stored-message.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { notFound } from "./memory-errors.ts";
import { MEMORY_DEDUPLICATION_WINDOW_MS } from "./memory-limits.ts";
import { ReceiverLine } from "./receiver-line.ts";

export interface EngineOptions {
  readonly clock: Clock;
  readonly seed: number | undefined;
  /** `explicit`: an entity that was not created is missing. */
  readonly create: "auto" | "explicit";
  readonly faults: FaultPlan | undefined;
}

/** A running broker: the pure state machine, a clock and the waiting receives. All its clients share it. */
export class MemoryEngine {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly create: "auto" | "explicit";
  readonly seed: number | undefined;
  readonly faults: FaultPlan | undefined;
  readonly breather: Breather;
  readonly #lines = new Map<Mailbox, ReceiverLine>();
  readonly #readers = new Map<Mailbox, number>();
  readonly #watchers = new Set<() => void>();

  constructor(options: EngineOptions) {
    this.clock = options.clock;
    this.create = options.create;
    this.seed = options.seed;
    this.faults = options.faults;
    this.breather = new Breather(options.clock);
    this.broker = new Broker({
      seed: options.seed,
      deduplicationWindowMs: MEMORY_DEDUPLICATION_WINDOW_MS,
    });
  }

  /** The destination for sends to this entity. @throws NOT_FOUND */
  destinationOf(ref: EntityRef, operation: Operation): Destination {
    if (ref.kind === "queue" || isNamedQueue(ref)) return this.#queue(ref.name, operation);
    if (ref.kind === "topic") return this.#topic(ref.name, operation);
    const mailbox = this.mailboxOf(ref, operation);
    return this.broker.destinationOver(mailbox);
  }

  /** The mailbox for receives from this entity. @throws NOT_FOUND */
  mailboxOf(ref: EntityRef, operation: Operation): Mailbox {
    if (ref.kind === "queue" || isNamedQueue(ref)) {
      return present(this.#queue(ref.name, operation).mailboxes.get(ref.name), ref, operation);
    }
    const source = this.#sourceMailbox(ref, operation);
    return ref.kind === "dead-letter" ? this.broker.deadLettersOf(source) : source;
  }

  /** Returns the mailbox if it exists, without creating it. */
  findMailbox(ref: EntityRef): Mailbox | undefined {
    const source =
      ref.topic === undefined
        ? this.broker.findQueue(ref.name)?.mailboxes.get(ref.name)
        : this.broker.findTopic(ref.topic)?.mailboxes.get(ref.name);
    if (source === undefined || ref.kind !== "dead-letter" || isNamedQueue(ref)) return source;
    return this.broker.deadLettersOf(source);
  }

  /** Creates a queue, or a subscription with its topic. */
  createMailbox(ref: EntityRef): Mailbox {
    if (ref.topic !== undefined && ref.kind === "subscription") {
      return this.broker.createSubscription(this.broker.createTopic(ref.topic), ref.name);
    }
    return present(this.broker.createQueue(ref.name).mailboxes.get(ref.name), ref, "admin");
  }

  lineOf(mailbox: Mailbox): ReceiverLine {
    let line = this.#lines.get(mailbox);
    if (line === undefined) {
      line = new ReceiverLine(mailbox, this.clock);
      this.#lines.set(mailbox, line);
    }
    return line;
  }

  /** Call after every change of a mailbox: serves waiting receives and tells the watchers. */
  changed(mailbox: Mailbox): void {
    this.#lines.get(mailbox)?.serve();
    const dead = this.broker.findDeadLettersOf(mailbox);
    if (dead !== undefined) this.#lines.get(dead)?.serve();
    for (const watcher of this.#watchers) watcher();
  }

  /** Calls `watcher` after every change until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Counts an open consumer until the returned function is called. */
  addReader(mailbox: Mailbox): () => void {
    this.#readers.set(mailbox, (this.#readers.get(mailbox) ?? 0) + 1);
    return () => {
      const left = (this.#readers.get(mailbox) ?? 1) - 1;
      if (left === 0) this.#readers.delete(mailbox);
      else this.#readers.set(mailbox, left);
    };
  }

  /** True if nothing is ready or leased. Dead letters that nobody reads do not count. */
  isIdle(): boolean {
    const nowMs = this.clock.now();
    for (const { mailboxes } of this.broker.destinations()) {
      for (const mailbox of mailboxes.values()) {
        mailbox.advance(nowMs);
        if (mailbox.hasReady || mailbox.counts.leased > 0) return false;
        const dead = this.broker.findDeadLettersOf(mailbox);
        if (dead === undefined) continue;
        if (dead.counts.leased > 0 || (dead.hasReady && this.#readers.has(dead))) return false;
      }
    }
    return true;
  }

  /** Empties a mailbox and tells the holders of its leases. */
  purge(mailbox: Mailbox, error: Error): void {
    reportLost(mailbox.purge());
    if (mailbox.isDeleted) {
      const line = this.#lines.get(mailbox);
      if (this.create === "explicit") line?.fail(error);
      else line?.dismiss();
      this.#lines.delete(mailbox);
    }
    this.changed(mailbox);
  }

  #sourceMailbox(ref: EntityRef, operation: Operation): Mailbox {
    if (ref.topic === undefined) {
      return present(this.#queue(ref.name, operation).mailboxes.get(ref.name), ref, operation);
    }
    const topic = this.#topic(ref.topic, operation);
    const existing = topic.mailboxes.get(ref.name);
    if (existing !== undefined) return existing;
    if (this.create === "explicit") throw notFound(entityName(ref), operation);
    return this.broker.createSubscription(topic, ref.name);
  }

  #queue(name: string, operation: Operation): Destination {
    const existing = this.broker.findQueue(name);
    if (existing !== undefined) return existing;
    if (this.create === "explicit") throw notFound(name, operation);
    return this.broker.createQueue(name);
  }

  #topic(name: string, operation: Operation): Destination {
    const existing = this.broker.findTopic(name);
    if (existing !== undefined) return existing;
    if (this.create === "explicit") throw notFound(name, operation);
    return this.broker.createTopic(name);
  }
}

/** `orders`, `placed/billing`, `orders/dead`, `placed/billing/dead`. */
export function entityName(ref: EntityRef): string {
  const base = ref.topic === undefined || ref.kind === "topic" ? ref.name : `${ref.topic}/${ref.name}`;
  return ref.kind === "dead-letter" && !isNamedQueue(ref) ? `${base}/dead` : base;
}

/** True for dead letters that the configuration sends to a separate queue. */
function isNamedQueue(ref: EntityRef): boolean {
  return ref.kind === "dead-letter" && ref.exact === true;
}

function present(mailbox: Mailbox | undefined, ref: EntityRef, operation: Operation): Mailbox {
  if (mailbox !== undefined) return mailbox;
  throw queueError("INTERNAL", {
    what: `queue ${JSON.stringify(ref.name)} has no mailbox`,
    provider: "memory",
    operation,
  });
}

function reportLost(leases: readonly Lease[]): void {
  const byHolder = new Map<LeaseHolder, Lease[]>();
  for (const lease of leases) {
    if (lease.holder === undefined) continue;
    const own = byHolder.get(lease.holder);
    if (own === undefined) byHolder.set(lease.holder, [lease]);
    else own.push(lease);
  }
  for (const [holder, own] of byHolder) holder.leasesLost(own);
}
