import type { ItemResult } from "@anyqueue/core/adapter";
import { AckIdError } from "./ack-id-error.ts";
import { refusedAckIds, statusOf } from "./pubsub-errors.ts";
import { PUBSUB_MAX_ACK_BYTES, PUBSUB_MAX_ACK_IDS } from "./pubsub-limits.ts";

/** Room for the subscription's name, the deadline and their tags. */
const REQUEST_BYTES = 1_024;
/** Tag and length of one id. */
const ID_BYTES = 4;
const INVALID_ARGUMENT = 3;
/** Requests of one call that are out at once; they differ in their deadlines. */
const PARALLEL = 8;

/** One id with the seconds that it shall get; an acknowledgement has none. */
export interface AckItem {
  readonly ackId: string;
  readonly seconds: number;
}

/**
 * Sends ids in as few requests as the service takes, those with one deadline together, and lines the results up (D2).
 * A request that fails as a whole fails its own ids only; one that lists refused ids has settled the others.
 */
export async function inRequests(
  items: readonly AckItem[],
  request: (ackIds: string[], seconds: number) => Promise<unknown>,
): Promise<readonly ItemResult[]> {
  const failures = new Map<AckItem, ItemResult>();
  const chunks = splitItems(items);
  const workers = Array.from({ length: Math.min(PARALLEL, chunks.length) }, async () => {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      for (const [item, result] of await failuresOf(chunk, request)) failures.set(item, result);
    }
  });
  await Promise.all(workers);
  return items.map((item) => failures.get(item) ?? DONE);
}

/** By deadline, then by number and bytes of ids. */
export function splitItems(items: readonly AckItem[]): AckItem[][] {
  const chunks: AckItem[][] = [];
  const open = new Map<number, { readonly chunk: AckItem[]; bytes: number }>();
  for (const item of items) {
    const bytes = Buffer.byteLength(item.ackId) + ID_BYTES;
    let current = open.get(item.seconds);
    const isFull =
      current === undefined ||
      current.chunk.length >= PUBSUB_MAX_ACK_IDS ||
      current.bytes + bytes > PUBSUB_MAX_ACK_BYTES;
    if (current === undefined || isFull) {
      current = { chunk: [], bytes: REQUEST_BYTES };
      chunks.push(current.chunk);
      open.set(item.seconds, current);
    }
    current.chunk.push(item);
    current.bytes += bytes;
  }
  return chunks;
}

type Failures = readonly (readonly [AckItem, ItemResult])[];

/** What did not settle: where all is well, nothing is made for each id. */
async function failuresOf(
  chunk: readonly AckItem[],
  request: (ackIds: string[], seconds: number) => Promise<unknown>,
): Promise<Failures> {
  const ackIds = chunk.map(({ ackId }) => ackId);
  try {
    await request(ackIds, chunk[0]?.seconds ?? 0);
    return [];
  } catch (error) {
    const refused = refusedAckIds(error);
    if (refused !== undefined) {
      return chunk.flatMap((item) => {
        const reason = refused.get(item.ackId);
        return reason === undefined ? [] : [[item, { ok: false, error: new AckIdError(reason, error) }]];
      });
    }
    // Refused as malformed without saying which: nothing was applied, so the good ones can be told from the bad.
    if (statusOf(error) === INVALID_ARGUMENT && chunk.length > 1) return await halves(chunk, request);
    return chunk.map((item) => [item, { ok: false, error }]);
  }
}

async function halves(
  chunk: readonly AckItem[],
  request: (ackIds: string[], seconds: number) => Promise<unknown>,
): Promise<Failures> {
  const middle = Math.ceil(chunk.length / 2);
  return [
    ...(await failuresOf(chunk.slice(0, middle), request)),
    ...(await failuresOf(chunk.slice(middle), request)),
  ];
}

const DONE: ItemResult = Object.freeze({ ok: true, value: undefined });
