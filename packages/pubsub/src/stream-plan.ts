import { PUBSUB_MAX_OUTSTANDING_BYTES } from "./pubsub-limits.ts";

/** The open streams, and what is wanted. */
export interface StreamSituation {
  /** Deliveries that may be outstanding on all streams together. */
  readonly wanted: number;
  /** `maxOutstanding` of each open stream, the oldest first. */
  readonly open: readonly number[];
  /** Outstanding deliveries of ended streams. */
  readonly heldElsewhere: number;
  /** True: the flow was changed just now. False: small differences are ignored. */
  readonly isExplicit: boolean;
}

/** Streams to end, the newest first, and the room of one to open; 0: none. */
export interface StreamPlan {
  readonly retire: number;
  readonly room: number;
}

/** Beyond this, one new stream replaces all: each costs a stream of the connection. */
const MAX_STREAMS = 4;
/** With less, a stream would get large messages one by one at best. */
const LEAST_BYTES = 12_500_000;

/**
 * A stream's `maxOutstanding` is fixed when it opens. More room takes another stream. Less room takes one
 * fewer, whose deliveries still count until they are settled. A stream that is ending may still bring what is
 * under way, so nothing opens before it has ended.
 */
export function planStreams({ wanted, open, heldElsewhere, isExplicit }: StreamSituation): StreamPlan {
  const total = open.reduce((sum, room) => sum + room, 0);
  const free = wanted - heldElsewhere - total;
  if (free === 0) return NOTHING;
  if (free < 0) return { retire: surplusStreams(open, total - Math.max(0, wanted - heldElsewhere)), room: 0 };
  const isWorthIt = open.length === 0 || isExplicit || free * 2 >= wanted;
  if (!isWorthIt) return NOTHING;
  return open.length < MAX_STREAMS ? { retire: 0, room: free } : { retire: open.length, room: 0 };
}

/**
 * Unacknowledged bytes for one more stream; they are fixed when it opens, too. It gets half of what the open
 * streams leave; the last possible stream gets the whole rest.
 */
export function bytesOfNext(open: readonly number[]): number {
  const left = PUBSUB_MAX_OUTSTANDING_BYTES - open.reduce((sum, bytes) => sum + bytes, 0);
  const share = open.length >= MAX_STREAMS - 1 ? left : Math.floor(left / 2);
  return Math.max(share, LEAST_BYTES);
}

/** How many of the newest streams have at least `surplus` room together. */
function surplusStreams(open: readonly number[], surplus: number): number {
  let left = surplus;
  let retire = 0;
  for (const room of open.toReversed()) {
    if (left <= 0) break;
    left -= room;
    retire += 1;
  }
  return retire;
}

const NOTHING: StreamPlan = { retire: 0, room: 0 };
