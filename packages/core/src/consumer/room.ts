import { DEFAULTS } from "../client/defaults.ts";
import type { Flow } from "../driver/driver.ts";
import type { Limits } from "../driver/limits.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { KeyLanes } from "./key-lanes.ts";
import { prefetchSize, type PaceMeter } from "./prefetch-size.ts";
import type { Settler } from "./settler.ts";
import type { Tally } from "./tally.ts";
import type { Worker } from "./worker.ts";

export interface RoomOptions {
  readonly prefetch: number | "auto";
  readonly limits: Limits;
  readonly leaseMs: number;
  readonly dispatcher: Dispatcher;
  readonly lanes: KeyLanes | undefined;
  readonly pace: PaceMeter;
  readonly worker: Pick<Worker, "outstanding">;
  readonly tally: Pick<Tally, "parked">;
  readonly settler: Pick<Settler, "pending">;
}

/** Most unanswered settlements with which more is asked for: a crash would have them handled again. */
const MAX_UNSETTLED = 10_000;
/** Acks that may be pending, counted in rounds of all the full requests that the service takes at once. */
const UNSETTLED_ROUNDS = 2;

/** How many deliveries a consumer can take. */
export class Room {
  readonly #options: RoomOptions;
  /** True: settlements hold back the next ask, so each result of one may make room. */
  isSettlingLate = false;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Room of an idle consumer: what runs at once, and what lies ready. */
  capacity(): number {
    return this.#options.dispatcher.limit + this.#prefetch();
  }

  /** Room for more than there is now. */
  left(): number {
    const { dispatcher, lanes, worker, settler } = this.#options;
    const capacity = this.capacity();
    const unsettledLeft = this.#maxUnsettled(capacity) - settler.pending;
    this.isSettlingLate = unsettledLeft < capacity;
    const aside = Math.min(lanes?.waiting ?? 0, this.#sideRoom()) + this.#parked();
    return dispatcher.rateRoom(Math.min(capacity, unsettledLeft) - (worker.outstanding - aside));
  }

  /**
   * The flow for a broker that pushes. Such a broker sends all that it is allowed, so room behind busy keys
   * is given only as far as it is used, and as much again for other keys.
   */
  flow(): Flow {
    const { lanes, dispatcher } = this.#options;
    const behindTheirKey = Math.min(2 * (lanes?.waiting ?? 0), this.#sideRoom());
    const parked = this.#parked();
    return {
      maxOutstanding: this.capacity() + behindTheirKey + parked,
      lanes: dispatcher.limit + parked, // each parked delivery keeps its key
    };
  }

  /** Parked deliveries that take no room. If all took room, a few bad messages would stop a consumer. */
  #parked(): number {
    return Math.min(this.#options.tally.parked, this.#sideRoom());
  }

  #prefetch(): number {
    const { prefetch, limits, leaseMs, pace } = this.#options;
    if (prefetch !== "auto") return prefetch;
    const { maxItems, billed } = limits.receive;
    const { ratePerMs, roundTripMs } = pace;
    return prefetchSize({ ratePerMs, roundTripMs, leaseMs, replyItems: maxItems, isBilled: billed });
  }

  /** How many deliveries behind busy keys take no room, leaving it to other keys; also for parked ones. */
  #sideRoom(): number {
    const { limits, dispatcher } = this.#options;
    return Math.min(Math.max(dispatcher.limit, limits.receive.maxItems * 2), DEFAULTS.maxPrefetch);
  }

  #maxUnsettled(capacity: number): number {
    const { maxItems, maxInFlight } = this.#options.limits.ack;
    return Math.min(MAX_UNSETTLED, Math.max(maxItems * maxInFlight * UNSETTLED_ROUNDS, 2 * capacity));
  }
}
