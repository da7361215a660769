import type { ItemResult } from "@anyqueue/core/adapter";
import { AckIdError } from "./ack-id-error.ts";
import { refusedAckIds, statusOf } from "./pubsub-errors.ts";
import { PUBSUB_MAX_ACK_BYTES, PUBSUB_MAX_ACK_IDS } from "./pubsub-limits.ts";

/** Room for the subscription's name, the deadline and their tags. */
const REQUEST_BYTES = 1_024;
/** Tag and length of one id. */
const ID_BYTES = 4;
const INVALID_ARGUMENT = 3;
/** Requests of one call that are in flight at once; they differ in their deadlines. */
const PARALLEL = 8;
/**
 * Requests of one call that are cut in half to find bad ids. This finds some; if all were bad, each would
 * need its own request.
 */
const MAX_CUTS = 100;

/** One ack id, with the deadline that it gets in seconds. @default none, for an acknowledgement */
export interface AckItem {
  readonly ackId: string;
  readonly seconds?: number;
}

/**
 * Sends ack ids in as few requests as the service allows, grouped by deadline; results keep the order (D2).
 * A request that fails as a whole fails only its own ids; one that lists refused ids has settled the others.
 */
export async function inRequests(
  items: readonly AckItem[],
  request: (ackIds: string[], seconds: number) => Promise<unknown>,
  maxIds: number = PUBSUB_MAX_ACK_IDS,
): Promise<readonly ItemResult[]> {
  const failures = new Map<AckItem, ItemResult>();
  const chunks = splitItems(items, maxIds);
  const cuts = { left: MAX_CUTS };
  const workers = Array.from({ length: Math.min(PARALLEL, chunks.length) }, async () => {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      for (const [item, result] of await failuresOf(chunk, request, cuts)) failures.set(item, result);
    }
  });
  await Promise.all(workers);
  return items.map(failures.size === 0 ? () => DONE : (item) => failures.get(item) ?? DONE);
}

/** Splits items by deadline, then by number and bytes of ids. */
export function splitItems(items: readonly AckItem[], maxIds: number = PUBSUB_MAX_ACK_IDS): AckItem[][] {
  const chunks: AckItem[][] = [];
  const open = new Map<number, Chunk>();
  let current: Chunk | undefined;
  for (const item of items) {
    const { ackId, seconds = 0 } = item;
    const bytes = Buffer.byteLength(ackId) + ID_BYTES;
    // Usually all items have one deadline: the lookup is skipped.
    if (current?.seconds !== seconds) current = open.get(seconds);
    const isFull =
      current === undefined || current.items.length >= maxIds || current.bytes + bytes > PUBSUB_MAX_ACK_BYTES;
    if (current === undefined || isFull) {
      current = { seconds, items: [], bytes: REQUEST_BYTES };
      chunks.push(current.items);
      open.set(seconds, current);
    }
    current.items.push(item);
    current.bytes += bytes;
  }
  return chunks;
}

interface Chunk {
  readonly seconds: number;
  readonly items: AckItem[];
  bytes: number;
}

type Failures = readonly (readonly [AckItem, ItemResult])[];

/** Returns only what did not settle: if all is well, nothing is allocated for each id. */
async function failuresOf(
  chunk: readonly AckItem[],
  request: (ackIds: string[], seconds: number) => Promise<unknown>,
  cuts: { left: number },
): Promise<Failures> {
  const ackIds = chunk.map(({ ackId }) => ackId);
  try {
    await request(ackIds, chunk[0]?.seconds ?? 0);
    // gRPC's record of the ended call keeps the list, so empty it (see `PublishRequest.release`).
    ackIds.length = 0;
    return [];
  } catch (error) {
    const refused = refusedAckIds(error);
    if (refused !== undefined) {
      return chunk.flatMap((item) => {
        const reason = refused.get(item.ackId);
        return reason === undefined ? [] : [[item, { ok: false, error: new AckIdError(reason, error) }]];
      });
    }
    // Refused as malformed without naming an id: nothing was applied, so halves can separate good ids from
    // bad.
    if (statusOf(error) === INVALID_ARGUMENT && chunk.length > 1 && cuts.left > 0) {
      cuts.left -= 1;
      const middle = Math.ceil(chunk.length / 2);
      return [
        ...(await failuresOf(chunk.slice(0, middle), request, cuts)),
        ...(await failuresOf(chunk.slice(middle), request, cuts)),
      ];
    }
    return chunk.map((item) => [item, { ok: false, error }]);
  }
}

const DONE: ItemResult = Object.freeze({ ok: true, value: undefined });
