import type { ItemResult, Operation } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";

/**
 * Asks the driver for the items whose lease still exists; others get `gone`. Results are in the items' order.
 * @throws INTERNAL as `alignedResults`
 */
export async function resultsOfAlive<Item, Value>(
  operation: Operation,
  items: readonly Item[],
  isAlive: (item: Item) => boolean,
  gone: () => ItemResult<Value>,
  ask: (alive: readonly Item[]) => Promise<readonly ItemResult<Value>[]>,
): Promise<readonly ItemResult<Value>[]> {
  const alive = items.every(isAlive) ? items : items.filter(isAlive);
  if (alive.length === 0) return items.map(gone);
  const results = alignedResults(operation, alive.length, await ask(alive));
  if (alive.length === items.length) return results;
  const byItem = new Map(alive.map((item, index) => [item, results[index]]));
  return items.map((item) => byItem.get(item) ?? gone());
}

/**
 * Rule D2: the core must not guess which item a result belongs to, nor wait for one that never comes.
 * @throws INTERNAL, ambiguous
 */
export function alignedResults<Result>(
  operation: Operation,
  asked: number,
  results: readonly Result[],
): readonly Result[] {
  if (results.length === asked) return results;
  throw new QueueError("INTERNAL", {
    what: `the driver gave ${results.length} results for ${asked} items of ${operation}`,
    operation,
    ambiguous: true,
  });
}
