import {
  durationToMs,
  type ConsumerDriver,
  type ConsumerDriverOptions,
  type DeadLetterItem,
  type Delivery,
  type ExtendItem,
  type ItemResult,
  type ReceiveAsk,
  type ReleaseItem,
  type Target,
  type Timer,
} from "@anyqueue/core/adapter";
import { withAttributes } from "./broker/broker.ts";
import type { Mailbox } from "./broker/mailbox.ts";
import type { Lease, LeaseHolder } from "./broker/stored-message.ts";
import type { FaultEffect, FaultOperation } from "./fault-plan.ts";
import { closedError, leaseLost } from "./memory-errors.ts";
import type { MemoryEngine } from "./memory-engine.ts";
import { LeasedDelivery, PeekedDelivery } from "./memory-wire.ts";
import { performCall, plannedError, waitFor, type Call } from "./perform-call.ts";
import type { Waiter } from "./receiver-line.ts";

const DONE: ItemResult = { ok: true, value: undefined };

type DeadLetterBatch = NonNullable<ConsumerDriver<Lease>["deadLetterBatch"]>;

/** Receives from one queue, subscription or dead-letter mailbox. */
export class MemoryConsumer implements ConsumerDriver<Lease>, LeaseHolder {
  /** Absent on dead letters, which cannot go anywhere else (D4). */
  readonly deadLetterBatch?: DeadLetterBatch;
  readonly #engine: MemoryEngine;
  readonly #target: Target;
  readonly #options: ConsumerDriverOptions<Lease>;
  readonly #waiters = new Set<Waiter>();
  readonly #timers = new Set<Timer>();
  #stopReading: (() => void) | undefined;
  #isClosed = false;

  constructor(engine: MemoryEngine, target: Target, options: ConsumerDriverOptions<Lease>) {
    this.#engine = engine;
    this.#target = target;
    this.#options = options;
    if (target.capabilities.deadLetter === "native") {
      this.deadLetterBatch = async (items, signal) => await this.#buryAll(items, signal);
    }
  }

  async open(signal: AbortSignal): Promise<void> {
    await performCall(this.#call("open", signal), [], () => () => DONE, this.#engine);
    const mailbox = this.#mailbox("open");
    this.#stopReading ??= this.#engine.addReader(mailbox);
  }

  async receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<Lease>[]> {
    const { faults, clock, breather } = this.#engine;
    if (this.#isClosed) throw closedError(this.#target.name, "receive");
    const turn = breather.pause();
    if (turn !== undefined) await turn;
    if (signal.aborted || this.#isClosed) return [];
    if (faults === undefined) return await this.#take(this.#mailbox("receive"), ask, signal);
    const call = this.#call("receive", signal);
    const effects = faults.next({ operation: "receive", queue: call.queue, items: ask.maxItems });
    try {
      await waitFor(effects, call, clock);
    } catch {
      return []; // aborted while waiting: nothing was taken (D1)
    }
    if (this.#isClosed) return [];
    const failure = effects.find((effect) => "fail" in effect);
    if (failure !== undefined && failure.applied !== true) throw plannedError(failure, call);
    const mailbox = this.#mailbox("receive");
    const deliveries = await this.#take(mailbox, ask, signal);
    // The reply is lost: the messages stay leased until their leases end.
    if (failure !== undefined) throw plannedError(failure, call);
    this.#disturb(mailbox, deliveries, effects);
    return deliveries;
  }

  async ackBatch(handles: readonly Lease[], signal: AbortSignal): Promise<readonly ItemResult[]> {
    return await this.#settle("ack", handles, signal, (mailbox, lease, nowMs) => mailbox.ack(lease, nowMs));
  }

  async releaseBatch(
    items: readonly ReleaseItem<Lease>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    return await this.#settle("release", items, signal, (mailbox, item, nowMs) => {
      const { handle, note } = item;
      mailbox.advance(nowMs);
      if (note !== undefined && handle.state === "open") {
        handle.message.content = withAttributes(handle.message.content, note);
      }
      return mailbox.release(handle, Math.ceil(item.delayMs), item.cause, nowMs);
    });
  }

  async extendBatch(
    items: readonly ExtendItem<Lease>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]> {
    const mailbox = this.#mailbox("extend");
    const begin = () => {
      const nowMs = this.#engine.clock.now();
      return ({ handle, leaseMs }: ExtendItem<Lease>): ItemResult<{ readonly leaseMs: number }> =>
        mailbox.extend(handle, leaseMs, nowMs)
          ? { ok: true, value: { leaseMs } }
          : { ok: false, error: leaseLost(this.#target.name, "extend") };
    };
    try {
      return await performCall(this.#call("extend", signal), items, begin, this.#engine);
    } finally {
      this.#engine.changed(mailbox);
    }
  }

  async peekBatch(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<never>[]> {
    await performCall(this.#call("peek", signal), [], () => () => DONE, this.#engine);
    return this.#mailbox("peek")
      .browse(this.#engine.clock.now())
      .slice(0, maxItems)
      .map((message) => new PeekedDelivery(message));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.done([]);
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#stopReading?.();
    this.#stopReading = undefined;
    return Promise.resolve();
  }

  /** Reports leases that were lost to a purge or a fault. */
  leasesLost(leases: readonly Lease[]): void {
    const error = leaseLost(this.#target.name, "receive");
    this.#options.events.leasesLost({ handles: leases }, error);
  }

  async #take(mailbox: Mailbox, ask: ReceiveAsk, signal: AbortSignal): Promise<readonly LeasedDelivery[]> {
    const { clock } = this.#engine;
    const { leaseMs } = this.#options;
    const maxItems = Math.min(ask.maxItems, this.#target.limits.receive.maxItems);
    const leases = mailbox.receive(maxItems, leaseMs, clock.now());
    this.#engine.changed(mailbox);
    if (leases.length > 0) return this.#deliveries(leases);
    if (ask.waitMs <= 0 || signal.aborted) return [];
    return await new Promise((resolve, reject) => {
      const line = this.#engine.lineOf(mailbox);
      const finish = (): void => {
        this.#waiters.delete(waiter);
        line.leave(waiter);
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        maxItems,
        leaseMs,
        deadlineMs: clock.now() + ask.waitMs,
        done: (got) => {
          finish();
          resolve(this.#deliveries(got));
        },
        fail: (error) => {
          finish();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.done([]);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
      line.join(waiter);
    });
  }

  #deliveries(leases: readonly Lease[]): readonly LeasedDelivery[] {
    return leases.map((lease) => {
      lease.holder = this;
      return new LeasedDelivery(lease, this.#options.leaseMs);
    });
  }

  async #settle<Item>(
    operation: "ack" | "release" | "deadLetter",
    items: readonly Item[],
    signal: AbortSignal,
    apply: (mailbox: Mailbox, item: Item, nowMs: number) => boolean,
  ): Promise<readonly ItemResult[]> {
    const mailbox = this.#mailbox(operation);
    const begin = (): ((item: Item) => ItemResult) => {
      const nowMs = this.#engine.clock.now();
      return (item) =>
        apply(mailbox, item, nowMs) ? DONE : { ok: false, error: leaseLost(this.#target.name, operation) };
    };
    try {
      return await performCall(this.#call(operation, signal), items, begin, this.#engine);
    } finally {
      this.#engine.changed(mailbox);
    }
  }

  async #buryAll(
    items: readonly DeadLetterItem<Lease>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    return await this.#settle("deadLetter", items, signal, (mailbox, item, nowMs) =>
      mailbox.bury(item.handle, item, nowMs),
    );
  }

  /** Applies the effects of the fault plan to messages that were handed over. */
  #disturb(mailbox: Mailbox, deliveries: readonly LeasedDelivery[], effects: readonly FaultEffect[]): void {
    const { clock, broker } = this.#engine;
    for (const effect of effects) {
      if ("duplicate" in effect) {
        for (const { handle } of deliveries) broker.duplicate(handle.message, mailbox, clock.now());
        this.#engine.changed(mailbox);
      } else if ("loseLease" in effect) {
        const timer = clock.setTimer(() => {
          this.#timers.delete(timer);
          const lost = deliveries
            .map(({ handle }) => handle)
            .filter((lease) => mailbox.revoke(lease, clock.now()));
          if (lost.length > 0) this.leasesLost(lost);
          this.#engine.changed(mailbox);
        }, durationToMs(effect.loseLease));
        this.#timers.add(timer);
      }
    }
  }

  #mailbox(operation: FaultOperation): Mailbox {
    if (this.#isClosed) throw closedError(this.#target.name, operation);
    return this.#engine.mailboxOf(this.#target.ref, operation);
  }

  #call(operation: FaultOperation, signal: AbortSignal): Call {
    return { operation, queue: this.#target.entity, target: this.#target.name, signal };
  }
}
