import type { EngineTimer } from "../../../time/engine-clock.ts";
import type { Consumer } from "./consumer.ts";
import type { KeyLane } from "./key-lane.ts";
import type { PublishedMessage } from "./published-message.ts";

/**
 * `ready` may be delivered, `leased` is out, `waiting` backs off after a failure; `settled` is
 * acknowledged but kept, because a failure of an earlier message of its key brings it back; `gone`
 * has left for good.
 */
export type EntryState = "ready" | "leased" | "waiting" | "settled" | "gone";

/** A delivery whose outcome is open. */
export interface Lease {
  readonly number: number;
  readonly holder: Consumer;
  timer: EngineTimer;
}

/** A message in the backlog of one subscription. Only the backlog changes it. */
export interface BacklogEntry {
  readonly message: PublishedMessage;
  /** Set where the subscription is ordered and the message has a key. */
  readonly lane: KeyLane | undefined;
  /** Place in its lane. */
  position: number;
  state: EntryState;
  /** Nacks and expiries so far. */
  failures: number;
  deliveries: number;
  lease: Lease | undefined;
  /** Ends `waiting`, for a message without a lane. */
  retryTimer: EngineTimer | undefined;
}

export function newEntry(message: PublishedMessage, lane: KeyLane | undefined): BacklogEntry {
  return {
    message,
    lane,
    position: 0,
    state: "ready",
    failures: 0,
    deliveries: 0,
    lease: undefined,
    retryTimer: undefined,
  };
}
