import {
  queueError,
  type AdminDriver,
  type CreateOptions,
  type EntityCounts,
  type Target,
} from "@anyqueue/core/adapter";
import type { Destination } from "./broker/broker.ts";
import type { Mailbox } from "./broker/mailbox.ts";
import { leaseLost, notFound } from "./memory-errors.ts";
import type { MemoryEngine } from "./memory-engine.ts";

/** Creates, inspects and deletes entities of one engine. Ignores `leaseMs`: each consumer sets its lease. */
export class MemoryAdmin implements AdminDriver {
  readonly #engine: MemoryEngine;

  constructor(engine: MemoryEngine) {
    this.#engine = engine;
  }

  async create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { ref } = target;
    if (ref.kind === "topic") {
      this.#engine.broker.createTopic(ref.name);
      return;
    }
    // Dead letters belong to their source and exist with it.
    if (ref.kind === "dead-letter" && ref.exact !== true) return;
    const existing = this.#engine.findMailbox(ref);
    if (existing !== undefined) {
      this.#checkSame(existing, target, options);
      return;
    }
    const mailbox = this.#engine.createMailbox(ref);
    mailbox.maxDeliveries = options.maxDeliveries;
    const dead = options.deadLetter;
    if (dead !== undefined && dead.ref.exact === true) {
      this.#engine.broker.wireDeadLetters(mailbox, this.#engine.createMailbox(dead.ref));
    }
    this.#engine.changed(mailbox);
    await Promise.resolve();
  }

  async inspect(target: Target, signal: AbortSignal): Promise<EntityCounts> {
    signal.throwIfAborted();
    const mailbox = this.#existing(target);
    mailbox.advance(this.#engine.clock.now());
    const { visible, leased, delayed } = mailbox.counts;
    return await Promise.resolve({ ready: visible, inFlight: leased, delayed, approximate: false });
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    const names: string[] = [];
    for (const destination of this.#engine.broker.destinations()) {
      names.push(destination.name);
      if (destination.kind === "queue") continue;
      for (const mailbox of destination.mailboxes.values()) names.push(mailbox.name);
    }
    return await Promise.resolve(names.filter((name) => name.startsWith(prefix)).toSorted());
  }

  async purge(target: Target, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#engine.purge(this.#existing(target), leaseLost(target.name, "admin"));
    await Promise.resolve();
  }

  async delete(target: Target, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { ref } = target;
    const { broker } = this.#engine;
    const error = notFound(target.name, "admin");
    if (ref.kind === "dead-letter" && ref.exact !== true) {
      this.#engine.purge(this.#existing(target), error);
    } else if (ref.kind === "subscription") {
      const mailbox = this.#existing(target);
      broker.findTopic(ref.topic ?? "")?.mailboxes.delete(ref.name);
      this.#retire(mailbox, error);
    } else {
      const destination = ref.kind === "topic" ? broker.findTopic(ref.name) : broker.findQueue(ref.name);
      if (destination === undefined) throw error;
      broker.deleteDestination(destination);
      for (const mailbox of destination.mailboxes.values()) this.#retire(mailbox, error);
    }
    await Promise.resolve();
  }

  async *redrive(from: Target, to: Target, signal: AbortSignal): AsyncIterable<{ readonly moved: number }> {
    signal.throwIfAborted();
    const dead = this.#existing(from);
    const target: Destination | Mailbox =
      to.ref.kind === "topic" ? this.#engine.destinationOf(to.ref, "admin") : this.#existing(to);
    const moved = this.#engine.broker.redrive(dead, target, this.#engine.clock.now());
    this.#engine.changed(dead);
    if ("mailboxes" in target) for (const mailbox of target.mailboxes.values()) this.#engine.changed(mailbox);
    else this.#engine.changed(target);
    yield await Promise.resolve({ moved });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #retire(mailbox: Mailbox, error: Error): void {
    const dead = this.#engine.broker.findDeadLettersOf(mailbox);
    this.#engine.broker.retire(mailbox);
    this.#engine.purge(mailbox, error);
    if (dead?.isDeleted === true) this.#engine.purge(dead, error);
  }

  #existing(target: Target): Mailbox {
    const mailbox = this.#engine.findMailbox(target.ref);
    if (mailbox === undefined) throw notFound(target.name, "admin");
    return mailbox;
  }

  #checkSame(existing: Mailbox, target: Target, options: CreateOptions): void {
    const dead = options.deadLetter?.ref.exact === true ? options.deadLetter.entity : undefined;
    const existingDead = this.#engine.broker.findDeadLettersOf(existing)?.name;
    const differences: string[] = [];
    if (existing.maxDeliveries !== options.maxDeliveries) {
      differences.push(`maxDeliveries is ${existing.maxDeliveries ?? "unlimited"}`);
    }
    if (dead !== undefined && existingDead !== dead) differences.push(`dead letters go to ${existingDead}`);
    if (differences.length === 0) return;
    throw queueError("ALREADY_EXISTS", {
      what: `it exists with other settings: ${differences.join(", ")}`,
      provider: "memory",
      target: target.name,
      operation: "admin",
    });
  }
}
