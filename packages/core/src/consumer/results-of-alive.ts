import type { ItemResult, Operation } from "../driver/driver.ts";
import { BrokenRule } from "../errors/broken-rule.ts";
import { asRecord, isRecord, kindOf } from "../errors/check-options.ts";
import type { Clock } from "../time/clock.ts";
import type { CutOff } from "./cut-off.ts";
import { timedRequest } from "./timed-request.ts";

/** True for a value that a success of this operation can have. */
type IsValue = (value: unknown) => boolean;

const REQUEST_TIMEOUT_MS = 15_000;

/**
 * Sends one request for the items whose lease still exists; others get `gone`. Results are in the items' order.
 * @throws BrokenRule as `alignedResults`, TIMEOUT as `timedRequest`
 */
export async function resultsOfAlive<Item, Value>(
  { clock, cutOff }: { readonly clock: Clock; readonly cutOff: CutOff },
  operation: Operation,
  items: readonly Item[],
  isAlive: (item: Item) => boolean,
  gone: () => ItemResult<Value>,
  call: (alive: readonly Item[], signal: AbortSignal) => Promise<readonly ItemResult<Value>[]>,
  isValue?: IsValue,
): Promise<readonly ItemResult<Value>[]> {
  const alive = items.every(isAlive) ? items : items.filter(isAlive);
  if (alive.length === 0) return items.map(gone);
  const ask = async (signal: AbortSignal): Promise<readonly ItemResult<Value>[]> => await call(alive, signal);
  const given = await timedRequest(clock, operation, REQUEST_TIMEOUT_MS, ask, cutOff);
  const results = alignedResults(operation, alive.length, given, isValue);
  if (alive.length === items.length) return results;
  const byItem = new Map(alive.map((item, index) => [item, results[index]]));
  return items.map((item) => byItem.get(item) ?? gone());
}

/**
 * Rule D2: the core must not guess which item a result belongs to, nor wait for one that never comes. A value
 * that is neither a success nor a failure becomes a failure of its item.
 * @throws BrokenRule if there is not one result for each item
 */
export function alignedResults<Value>(
  operation: Operation,
  asked: number,
  results: readonly ItemResult<Value>[],
  isValue: IsValue = isAnything,
): readonly ItemResult<Value>[] {
  if (!Array.isArray(results))
    throw new BrokenRule("D2", `${kindOf(results)} instead of the results of ${operation}`);
  if (results.length !== asked)
    throw new BrokenRule("D2", `${results.length} results for ${asked} items of ${operation}`);
  // An index, because `every` passes over holes.
  for (let index = 0; index < asked; index += 1)
    if (!isResult(results[index], isValue)) return withFailures(operation, results, isValue);
  return results;
}

/** A result of a send or a copy has a receipt. */
export function isReceipt(value: unknown): boolean {
  return isRecord(value);
}

function withFailures<Value>(
  operation: Operation,
  results: readonly ItemResult<Value>[],
  isValue: IsValue,
): readonly ItemResult<Value>[] {
  const error = new BrokenRule("D2", `${operation} gave no result for an item`);
  return Array.from(results, (result) => (isResult(result, isValue) ? result : { ok: false, error }));
}

function isResult(result: unknown, isValue: IsValue): boolean {
  const { ok, value } = asRecord(result);
  return ok === false || (ok === true && isValue(value));
}

function isAnything(): boolean {
  return true;
}
