import type { Delivery } from "../driver/delivery.ts";
import type { EventSink } from "../telemetry/events.ts";
import type { Clock } from "../time/clock.ts";
import { HeldDelivery } from "./held-delivery.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { OutcomeExecutor } from "./outcome-executor.ts";
import { ACK, timelinessOf } from "./process-delivery.ts";
import type { SettledMemory } from "./settled-memory.ts";

export interface AdmissionParts {
  readonly target: string;
  /** Of a delivery that does not say what is left; undefined: it lasts as long as the link. */
  readonly leaseMs: number | undefined;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly keeper: LeaseKeeper;
  readonly executor: OutcomeExecutor;
  readonly memory: SettledMemory;
  /** False for dead letters: they are neither early nor expired. */
  readonly isTimed: boolean;
}

/** Takes deliveries in hand, and settles those that no handler shall see. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #emulated = new Set<string>();
  readonly #wallNow: () => number;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#wallNow = () => parts.clock.wallNow();
  }

  /** Rule D14: what a blocked event loop cost is subtracted from the lease. `nowMs`: lease time, if it is known already. */
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

  /** @returns false if the delivery is dealt with already. */
  admit(held: HeldDelivery): boolean {
    const { target, events, executor, memory, isTimed } = this.#parts;
    const { delivery } = held;
    if (memory.has(delivery.providerId)) {
      events.emit("redelivery-acked", { target, id: delivery.id });
      executor.apply(held, ACK);
      return false;
    }
    if (!isTimed) return true;
    const timeliness = timelinessOf(delivery, this.#wallNow);
    if (timeliness.kind === "due") return true;
    if (timeliness.kind === "expired") {
      this.#reportEmulation("ttl");
      events.emit("expired", { target, id: delivery.id });
      executor.apply(held, ACK);
    } else {
      this.#reportEmulation("delay");
      executor.apply(held, { kind: "release", delayMs: timeliness.remainingMs, cause: "unstarted" });
    }
    return false;
  }

  #reportEmulation(feature: string): void {
    if (this.#emulated.has(feature)) return;
    this.#emulated.add(feature);
    this.#parts.events.emit("emulated", { target: this.#parts.target, feature });
  }
}
