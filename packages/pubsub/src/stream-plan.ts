import { PUBSUB_MAX_OUTSTANDING_BYTES } from "./pubsub-limits.ts";

/** What is open, and what is wanted. */
export interface StreamSituation {
  /** Deliveries that the service may have outstanding here in all. */
  readonly wanted: number;
  /** `maxOutstanding` of each open stream, the oldest first. */
  readonly open: readonly number[];
  /** Deliveries outstanding that ended streams brought. */
  readonly heldElsewhere: number;
  /** True: the flow was changed just now; else small differences are left alone. */
  readonly isExplicit: boolean;
}

/** Streams to end, the newest first, and the room of one to open; 0: none. */
export interface StreamPlan {
  readonly retire: number;
  readonly room: number;
}

/** More are joined into one: each costs a stream of the connection. */
const MAX_STREAMS = 4;
/** A stream with less would get large messages one by one at best. */
const LEAST_BYTES = 12_500_000;

/**
 * A stream's `maxOutstanding` is fixed when it opens. More room is another stream; less room is one fewer, and what it
 * brought still counts until it is settled. A stream that ends may still bring what is under way, so that nothing opens
 * before it has ended.
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
 * Unacknowledged bytes that one more stream may have, as those of each are fixed when it opens: half of what the open
 * ones leave of all, and the last possible stream the whole rest.
 */
export function bytesOfNext(open: readonly number[]): number {
  const left = PUBSUB_MAX_OUTSTANDING_BYTES - open.reduce((sum, bytes) => sum + bytes, 0);
  const share = open.length >= MAX_STREAMS - 1 ? left : Math.floor(left / 2);
  return Math.max(share, LEAST_BYTES);
}

/** So many of the newest streams have at least `surplus` room together. */
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
