import type { Delivery } from "../driver/delivery.ts";
import type { Clock } from "../time/clock.ts";
import type { ExecutorOptions } from "./executor-options.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { leaseLost } from "./lease.ts";
import type { OutcomeExecutor } from "./outcome-executor.ts";
import { ACK, timelinessOf } from "./process-delivery.ts";

export interface AdmissionParts extends Pick<
  ExecutorOptions,
  "target" | "events" | "keeper" | "memory" | "known"
> {
  /** Lease of a delivery that does not state the time left. Undefined: it lasts as long as the link. */
  readonly leaseMs: number | undefined;
  readonly clock: Clock;
  readonly executor: OutcomeExecutor;
  /** False for dead letters: they are neither early nor expired. */
  readonly isTimed: boolean;
}

/** Takes deliveries in hand, and settles those that must not reach a handler. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #emulated = new Set<string>();
  readonly #wallNow: () => number;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#wallNow = () => parts.clock.wallNow();
  }

  /** Rule D14: subtracts the time of a blocked event loop from the lease. `nowMs`: lease time, if known. */
  hold(
    delivery: Delivery<unknown>,
    key: string | undefined,
    ask: number,
    stalledMs: number,
    nowMs?: number,
  ): HeldDelivery {
    const held = new HeldDelivery(delivery, key, ask);
    const leaseMs = delivery.leaseMs ?? this.#parts.leaseMs;
    this.#parts.keeper.track(held, leaseMs === undefined ? undefined : leaseMs - stalledMs, nowMs);
    return held;
  }

  /**
   * Returns true if the message is already in hand. The lease of this delivery then holds it, and its handler
   * goes on: a second run would have no reason.
   */
  takesOver(delivery: Delivery<unknown>, stalledMs: number, nowMs: number): boolean {
    const { known, keeper, executor, leaseMs = 0 } = this.#parts;
    const held = known?.holder(delivery.providerId);
    if (held === undefined || held.isSubmitted || held.outcome?.kind === "release") return false;
    if (keeper.leftMs(held, nowMs) <= 0) {
      executor.lost(held, leaseLost("the lease had run out when the message was handed over again"));
      return false;
    }
    const leftMs = (delivery.leaseMs ?? leaseMs) - stalledMs;
    // If the new lease has run out too, the message comes again.
    if (leftMs > 0) keeper.replace(held, delivery.handle, leftMs, nowMs);
    return true;
  }

  /** @returns true if the message was acked before: it is acked again, because that ack had no effect */
  acksAgain(held: HeldDelivery, nowMs: number): boolean {
    const { known } = this.#parts;
    if (known === undefined) return false;
    if (known.isAcked(held.delivery.providerId, nowMs)) {
      this.#ackAgain(held);
      return true;
    }
    known.hold(held);
    return false;
  }

  /** @returns false if the delivery is settled here, so that no handler runs for it */
  admit(held: HeldDelivery): boolean {
    const { target, events, executor, memory, isTimed } = this.#parts;
    const { delivery } = held;
    if (memory.has(delivery)) {
      this.#ackAgain(held);
      return false;
    }
    if (!isTimed) return true;
    const earlyMs = timelinessOf(delivery, this.#wallNow);
    if (earlyMs === 0) return true;
    if (earlyMs === "expired") {
      this.#reportEmulation("ttl");
      events.emit("expired", { target, id: delivery.id });
      executor.apply(held, ACK);
    } else {
      this.#reportEmulation("delay");
      executor.apply(held, { kind: "release", delayMs: earlyMs, cause: "unstarted" });
    }
    return false;
  }

  #ackAgain(held: HeldDelivery): void {
    const { target, events, executor } = this.#parts;
    events.emit("redelivery-acked", { target, id: held.delivery.id });
    executor.apply(held, ACK);
  }

  #reportEmulation(feature: string): void {
    if (this.#emulated.has(feature)) return;
    this.#emulated.add(feature);
    this.#parts.events.emit("emulated", { target: this.#parts.target, feature });
  }
}
