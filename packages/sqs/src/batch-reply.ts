import type { ItemResult } from "@anyqueue/core/adapter";
import { EntryError } from "./entry-error.ts";
import { SQS_MAX_BATCH_ITEMS } from "./sqs-limits.ts";

/** The shape that all three batch operations answer with. */
export interface BatchReply<Entry extends { readonly Id?: string | undefined }> {
  readonly Successful?: readonly Entry[] | undefined;
  readonly Failed?:
    | readonly {
        readonly Id?: string | undefined;
        readonly Code?: string | undefined;
        readonly Message?: string | undefined;
      }[]
    | undefined;
  /** Always there, but for clients that were made for tests. */
  readonly $metadata?: { readonly requestId?: string | undefined };
}

/**
 * Splits into requests of ten and lines the results up with the items (D2).
 * A request that fails as a whole fails its own items only.
 */
export function inTens<Item, Value>(
  items: readonly Item[],
  request: (chunk: readonly Item[]) => Promise<readonly ItemResult<Value>[]>,
): Promise<readonly ItemResult<Value>[]> {
  if (items.length === 0) return Promise.resolve([]);
  return items.length <= SQS_MAX_BATCH_ITEMS ? request(items) : inTurn(items, request);
}

async function inTurn<Item, Value>(
  items: readonly Item[],
  request: (chunk: readonly Item[]) => Promise<readonly ItemResult<Value>[]>,
): Promise<readonly ItemResult<Value>[]> {
  const results: ItemResult<Value>[] = [];
  for (let start = 0; start < items.length; start += SQS_MAX_BATCH_ITEMS) {
    const chunk = items.slice(start, start + SQS_MAX_BATCH_ITEMS);
    try {
      // One after the other: two requests side by side could change the order of a key.
      results.push(...(await request(chunk)));
    } catch (error) {
      for (const _ of chunk) results.push({ ok: false, error });
    }
  }
  return results;
}

/** One result per entry, by the entry's number, which is its `Id`. */
export function alignReply<Entry extends { readonly Id?: string | undefined }, Value>(
  count: number,
  reply: BatchReply<Entry>,
  resultOf: (entry: Entry, index: number) => ItemResult<Value>,
): readonly ItemResult<Value>[] {
  const requestId = reply.$metadata?.requestId;
  const results: ItemResult<Value>[] = [];
  for (let index = 0; index < count; index += 1) results.push(UNANSWERED);
  for (const entry of reply.Successful ?? []) {
    const index = numberOf(entry);
    if (results[index] !== undefined) results[index] = resultOf(entry, index);
  }
  for (const entry of reply.Failed ?? []) {
    const error = new EntryError(
      entry.Code ?? "InternalError",
      entry.Message ?? "the entry was refused",
      requestId,
    );
    const index = numberOf(entry);
    if (results[index] !== undefined) results[index] = { ok: false, error };
  }
  for (let index = 0; index < count; index += 1)
    if (results[index] === UNANSWERED) results[index] = { ok: false, error: unanswered(requestId) };
  return results;
}

/** NaN for none of ours: an empty text is no zero. */
function numberOf({ Id }: { readonly Id?: string | undefined }): number {
  const index = Number(Id);
  return String(index) === Id ? index : Number.NaN;
}

/** Stands for what the reply has not said yet. */
const UNANSWERED: ItemResult<never> = Object.freeze({ ok: false, error: undefined });

/** Neither accepted nor refused: it may have been applied. */
function unanswered(requestId: string | undefined): Error {
  return Object.assign(new Error("SQS did not answer for this entry"), {
    name: "InternalError",
    $metadata: { requestId },
  });
}
