import type { ItemResult } from "@anyqueue/core/adapter";
import { EntryError, type FailedEntry } from "./entry-error.ts";
import { SQS_MAX_BATCH_ITEMS } from "./sqs-limits.ts";

/** The answer of all three batch operations. */
export interface BatchReply<Entry extends { readonly Id?: string | undefined }> {
  readonly Successful?: readonly Entry[] | undefined;
  readonly Failed?: readonly FailedEntry[] | undefined;
  /** Always present, except in answers of clients made for tests. */
  readonly $metadata?: { readonly requestId?: string | undefined };
}

/**
 * Splits the items into requests of at most ten and returns the results in the order of the items (D2). A
 * request that fails as a whole fails only its own items.
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
      // One after the other: concurrent requests could change the order within an ordering key.
      results.push(...(await request(chunk)));
    } catch (error) {
      for (const _ of chunk) results.push({ ok: false, error });
    }
  }
  return results;
}

/** Returns one result per entry, matched by the entry's index, which is its `Id`. */
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
    const index = numberOf(entry);
    if (results[index] !== undefined) results[index] = { ok: false, error: new EntryError(entry, requestId) };
  }
  for (let index = 0; index < count; index += 1)
    if (results[index] === UNANSWERED) results[index] = { ok: false, error: unanswered(requestId) };
  return results;
}

/** Returns NaN for an `Id` that is not ours. An empty text is not 0. */
function numberOf({ Id }: { readonly Id?: string | undefined }): number {
  const index = Number(Id);
  return String(index) === Id ? index : Number.NaN;
}

/** Marks an entry that the reply has not mentioned so far. */
const UNANSWERED: ItemResult<never> = Object.freeze({ ok: false, error: undefined });

/** The entry was neither accepted nor refused, so it may have been applied. */
function unanswered(requestId: string | undefined): Error {
  return Object.assign(new Error("SQS did not answer for this entry"), {
    name: "InternalError",
    $metadata: { requestId },
  });
}
