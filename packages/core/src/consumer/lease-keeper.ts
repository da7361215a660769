import type { Batcher } from "../batching/batcher.ts";
import { LinkedList } from "../batching/linked-list.ts";
import type { Capabilities } from "../driver/capabilities.ts";
import type { ConsumerDriver, Operation } from "../driver/driver.ts";
import type { Limits } from "../driver/limits.ts";
import { unsupported, type QueueError } from "../errors/queue-error.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { CutOff } from "./cut-off.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import { dueAtMs, leaseLost, SharedLease, type Lease } from "./lease.ts";
import type { ElapsedTime } from "../time/elapsed-time.ts";
import { createRenewals, isOut, type Renewal } from "./renewals.ts";

export interface LeaseKeeperOptions {
  readonly driver: ConsumerDriver<unknown>;
  readonly capabilities: Capabilities;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly time: ElapsedTime;
  /** The lease that a renewal asks for. */
  readonly leaseMs: number;
  /** Longest time for which one delivery is held in all. */
  readonly totalMs: number;
  readonly random: () => number;
  readonly toError: (operation: Operation, error: unknown) => QueueError;
  /** Ends the requests in flight, and lets none go out afterwards. */
  readonly cutOff: CutOff;
  /** Called once when the lease of a delivery is gone. */
  readonly onLost: (held: HeldDelivery, error: QueueError) => void;
  /** Called once per try: a settlement has no answer yet, and the lease may end before there is one. */
  readonly onOverdue: (held: HeldDelivery) => void;
  /** Called when the `wakeAtMs` of a delivery has come. */
  readonly onWake: (held: HeldDelivery) => void;
}

/** Renewals that are due within this share of a lease go out together. */
const GATHER_SHARE = 0.05;
const MAX_GATHER_MS = 1_000;
/** Shortest wait before a failed renewal is tried again. */
const MIN_RETRY_MS = 250;
/** A delivery is given back this long before the service would end its lease for good. */
const TOTAL_MARGIN_MS = 5_000;

/** Keeps every lease alive with one timer, and reports when one is gone. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leases = new LinkedList<Lease>();
  readonly #shared = new Map<string, SharedLease>();
  readonly #renewals: Batcher<Renewal, { readonly leaseMs: number }> | undefined;
  /** Why the last renewal failed. */
  readonly #failures = new WeakMap<Lease, QueueError>();
  readonly #totalMs: number;
  readonly #gatherMs: number;
  #timer: Timer | undefined;
  #armedAtMs = Infinity;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    const { limits, leaseMs } = options;
    const marginMs = Math.min(TOTAL_MARGIN_MS, leaseMs / 4);
    this.#totalMs = Math.min(options.totalMs, limits.lease.totalMs - marginMs);
    this.#gatherMs = Math.min(MAX_GATHER_MS, leaseMs * GATHER_SHARE);
    this.#renewals = createRenewals(options);
  }

  /** `leaseMs`: time left now. Undefined: the lease lasts as long as the link. */
  track(held: HeldDelivery, leaseMs: number | undefined, nowMs: number = this.#options.time.quick()): void {
    const key = held.delivery.leaseKey;
    const lease = key === undefined ? held : this.#share(held, key);
    if (lease === held) this.#leases.add(held);
    held.lease = lease;
    held.capAtMs = nowMs + this.#totalMs;
    held.wakeAtMs = held.capAtMs;
    if (leaseMs !== undefined) lease.untilMs = nowMs + leaseMs;
    this.#scheduleRenewal(lease, nowMs);
    this.#arm(Math.min(lease.renewAtMs, lease.untilMs, held.wakeAtMs));
  }

  /** Stops tracking a delivery that is settled or let go. */
  untrack(held: HeldDelivery): void {
    const { lease } = held;
    if (lease === undefined) return;
    held.lease = undefined;
    if (lease instanceof SharedLease) {
      lease.leave(held);
      if (lease.holders.length > 0) return;
      this.#shared.delete(lease.leaseKey);
    }
    this.#leases.delete(lease);
  }

  /** The message was handed over again while in hand: the lease of the new delivery holds it from now on. */
  replace(held: HeldDelivery, handle: unknown, leaseMs: number, nowMs: number): void {
    const { lease } = held;
    if (lease === undefined) return;
    held.handle = handle;
    lease.untilMs = nowMs + leaseMs;
    this.#scheduleRenewal(lease, nowMs);
    this.#arm(Math.min(lease.renewAtMs, lease.untilMs));
  }

  /** Stops renewing before a settlement. A shared lease is still renewed. @returns the end of a renewal in flight */
  pause(held: HeldDelivery): Promise<unknown> | undefined {
    const { lease } = held;
    if (lease === undefined || lease.leaseKey !== undefined) return undefined;
    lease.pause = "settling";
    return lease.renewing && isOut(lease.renewing) ? lease.renewing.ended : undefined;
  }

  /** Resumes renewing between two tries of a settlement. */
  resume(held: HeldDelivery): void {
    const { lease } = held;
    if (lease === undefined) return;
    lease.pause = undefined;
    // Renews at the old moment, or now if that has passed: repeated tries must not put it off for ever.
    this.#arm(Math.min(lease.renewAtMs, lease.untilMs));
  }

  wakeAt(held: HeldDelivery, atMs: number): void {
    held.wakeAtMs = atMs;
    this.#arm(atMs);
  }

  /** Milliseconds that are certainly left of the lease. 0 or less: it may have run out. */
  leftMs(held: HeldDelivery, nowMs: number): number {
    return (held.lease?.untilMs ?? -Infinity) - nowMs;
  }

  /** @throws UNSUPPORTED, LEASE_LOST */
  async extend(held: HeldDelivery, byMs: number): Promise<void> {
    const { lease } = held;
    const { capabilities, time, limits } = this.#options;
    if (lease === undefined) throw leaseLost("the lease ended before it could be extended");
    if (capabilities.lease === "link") return; // held as long as the link lives
    if (this.#renewals === undefined) {
      throw unsupported("extend", { what: "leases of this queue cannot be extended", operation: "extend" });
    }
    while (lease.renewing !== undefined) await lease.renewing.ended;
    // An extension would overwrite the delay of a release.
    if (lease.leaseKey === undefined && lease.pause !== undefined)
      throw leaseLost("the message is settled already");
    const nowMs = time.read();
    const leaseMs = Math.min(byMs, limits.lease.maxMs, Math.max(0, held.capAtMs - nowMs));
    lease.promisedUntilMs = Math.max(promisedMs(lease), nowMs + leaseMs);
    // Never less than what is left: an extension by a second must not cut short a remaining minute.
    const heldUntilMs = Number.isFinite(lease.untilMs) ? lease.untilMs : nowMs; // else unknown
    const error = await this.#renew(lease, Math.max(lease.promisedUntilMs, heldUntilMs) - nowMs);
    if (error !== undefined) throw error;
    if (held.lease === undefined) throw leaseLost("the lease ended while it was extended");
  }

  /** All deliveries in hand. */
  holders(): readonly HeldDelivery[] {
    return this.#leases.toArray().flatMap((lease) => lease.holders);
  }

  /** Handles a loss that the driver reported. */
  lose(isLost: (held: HeldDelivery) => boolean, error: QueueError): void {
    for (const lease of this.#leases.toArray()) {
      for (const held of [...lease.holders]) if (isLost(held)) this.#lost(held, error);
    }
  }

  /** Checks at once if a machine sleep or a blocked event loop made the timer late, before handlers go on. */
  checkSleep(): void {
    const nowMs = this.#options.time.quick();
    if (nowMs < this.#options.time.read() || nowMs > this.#armedAtMs) this.#tick();
  }

  /** Call before more is taken in hand: after a blocked event loop, the timer has not had its turn yet. */
  checkSettling(): void {
    const nowMs = this.#options.time.quick();
    if (nowMs < this.#armedAtMs) return;
    for (const lease of this.#leases.toArray())
      if (lease.pause === "settling") this.#attendSettling(lease, nowMs);
  }

  /** Forgets all leases, and awaits renewals in flight. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedAtMs = -Infinity; // nothing arms it again
    for (const lease of this.#leases.toArray()) this.#leases.delete(lease);
    this.#shared.clear();
    await this.#renewals?.close();
  }

  #share(held: HeldDelivery, key: string): SharedLease {
    let lease = this.#shared.get(key);
    if (lease === undefined) {
      lease = new SharedLease(key);
      this.#leases.add(lease);
      this.#shared.set(key, lease);
    }
    lease.holders.push(held);
    return lease;
  }

  /** @returns the error if the renewal failed. Never rejects. */
  async #renew(lease: Lease, leaseMs: number): Promise<QueueError | undefined> {
    const handle = lease.holders[0]?.handle;
    const renewal: Renewal = { lease, leaseMs, sentAtMs: -Infinity, handle, ended: undefined };
    lease.renewing = renewal;
    renewal.ended = this.#send(renewal);
    return await renewal.ended;
  }

  async #send(renewal: Renewal): Promise<QueueError | undefined> {
    const { lease, leaseMs } = renewal;
    const result = await this.#renewals?.add(renewal);
    // The message was handed over again meanwhile: this answer is about a lease that is gone.
    const [holder] = lease.holders;
    if (lease.leaseKey === undefined && holder !== undefined && holder.handle !== renewal.handle)
      return await this.#renew(lease, leaseMs);
    lease.renewing = undefined;
    if (result === undefined || lease.holders.length === 0) return undefined;
    const nowMs = this.#options.time.read();
    if (result.ok) {
      this.#failures.delete(lease);
      lease.untilMs = renewal.sentAtMs + result.value.leaseMs;
      this.#scheduleRenewal(lease, nowMs);
      this.#arm(Math.min(lease.renewAtMs, lease.untilMs));
      return undefined;
    }
    const error = this.#options.toError("extend", result.error);
    if (error.code === "LEASE_LOST") {
      // It was settled before this went out, or its settlement is out and says what became of it. A release waits.
      const isSettled = lease.pause !== undefined && lease.holders[0]?.settlement?.kind !== "release";
      if (isSettled || !isOut(renewal)) return error;
      for (const held of [...lease.holders]) this.#lost(held, error);
    } else {
      this.#failures.set(lease, error);
      lease.renewAtMs = nowMs + Math.max(MIN_RETRY_MS, (lease.untilMs - nowMs) / 2, error.retryAfterMs ?? 0);
      this.#arm(Math.min(lease.renewAtMs, lease.untilMs));
    }
    return error;
  }

  /** Renews at half of the time left, give or take a tenth, so that leases do not all fall due at once. */
  #scheduleRenewal(lease: Lease, nowMs: number): void {
    if (this.#renewals === undefined || lease.untilMs === Infinity) return;
    const jitter = 0.9 + this.#options.random() * 0.2;
    lease.renewAtMs = nowMs + ((lease.untilMs - nowMs) / 2) * jitter;
  }

  #arm(atMs: number): void {
    if (atMs >= this.#armedAtMs) return;
    this.#timer?.cancel();
    this.#armedAtMs = atMs;
    const { clock, time } = this.#options;
    this.#timer = clock.setTimer(this.#tick, Math.max(0, atMs - time.quick()));
  }

  /** Created once, because `arm` is called for each message. */
  readonly #tick = (): void => {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#armedAtMs === -Infinity) return; // stopped
    this.#armedAtMs = Infinity;
    const nowMs = this.#options.time.read();
    for (const lease of this.#leases.toArray()) this.#attend(lease, nowMs);
    let nextMs = Infinity;
    for (const lease of this.#leases.toArray()) nextMs = Math.min(nextMs, dueAtMs(lease));
    this.#arm(nextMs);
  };

  #attend(lease: Lease, nowMs: number): void {
    for (const held of [...lease.holders]) {
      if (held.wakeAtMs > nowMs) continue;
      held.wakeAtMs = Infinity;
      this.#options.onWake(held);
    }
    if (lease.holders.length === 0 || lease.pause === "overdue") return;
    if (lease.pause === "settling") {
      this.#attendSettling(lease, nowMs);
    } else if (lease.untilMs <= nowMs) {
      const error = leaseLost("the lease ran out before it could be renewed", this.#failures.get(lease));
      for (const held of [...lease.holders]) this.#lost(held, error);
    } else if (lease.renewing === undefined && lease.renewAtMs <= nowMs + this.#gatherMs) {
      const wantedMs = Math.max(this.#options.leaseMs, promisedMs(lease) - nowMs);
      void this.#renew(lease, Math.min(wantedMs, this.#options.limits.lease.maxMs));
    }
  }

  #attendSettling(lease: Lease, nowMs: number): void {
    if (Math.min(lease.renewAtMs, lease.untilMs) > nowMs) return;
    lease.pause = "overdue";
    for (const held of lease.holders) this.#options.onOverdue(held);
  }

  #lost(held: HeldDelivery, error: QueueError): void {
    if (held.lease === undefined) return;
    this.untrack(held);
    this.#options.onLost(held, error);
  }
}

function promisedMs({ promisedUntilMs = -Infinity }: Lease): number {
  return promisedUntilMs;
}
