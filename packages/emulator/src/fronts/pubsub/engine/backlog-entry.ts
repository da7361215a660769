import type { EngineTimer } from "../../../time/engine-clock.ts";
import type { Consumer } from "./consumer.ts";
import type { KeyLane } from "./key-lane.ts";
import type { PublishedMessage } from "./published-message.ts";

/**
 * - `ready`: may be delivered.
 * - `leased`: delivered, outcome open.
 * - `waiting`: backs off after a failure.
 * - `settled`: acknowledged but kept, because a failure of an earlier message of its key brings it back.
 * - `gone`: removed for good.
 */
export type EntryState = "ready" | "leased" | "waiting" | "settled" | "gone";

/** A delivery whose outcome is still open. */
export interface Lease {
  readonly number: number;
  readonly holder: Consumer;
  timer: EngineTimer;
}

/** A message in the backlog of one subscription. Only the backlog changes it. */
export interface BacklogEntry {
  readonly message: PublishedMessage;
  /** Set if the subscription is ordered and the message has a key. */
  readonly lane: KeyLane | undefined;
  /** Position in its lane. */
  position: number;
  state: EntryState;
  /** Number of nacks and expiries so far. */
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
