import { createBatcher, type Batcher, type BatcherOptions } from "../src/batching/batcher.ts";
import type { ItemResult } from "../src/driver/driver.ts";
import { createVirtualClock, type VirtualClock } from "../src/time/virtual-clock.ts";

export interface Item {
  readonly name: string;
  readonly bytes: number;
  readonly key?: string;
}

type Results = readonly (ItemResult<string> | undefined)[];

export interface Call {
  readonly items: readonly Item[];
  readonly names: string;
  answer(results?: Results): Promise<void>;
}

export interface BatcherBench {
  readonly clock: VirtualClock;
  readonly calls: Call[];
  readonly batcher: Batcher<Item, string>;
  call(index: number): Call;
}

/** A batcher whose batches the test answers by hand. */
export function batcherBench(over: Partial<BatcherOptions<Item, string>> = {}): BatcherBench {
  const clock = createVirtualClock();
  const calls: Call[] = [];
  const batcher = createBatcher<Item, string>({
    maxItems: 3,
    maxBytes: 100,
    overheadBytes: 10,
    maxInFlight: 2,
    sizeOf: (item) => item.bytes,
    keyOf: (item) => item.key,
    clock,
    run: async (items) =>
      await new Promise<Results>((resolve) => {
        calls.push({
          items,
          names: items.map((each) => each.name).join(""),
          async answer(results = items.map((each) => ({ ok: true, value: each.name }))) {
            resolve(results);
            await clock.settle();
          },
        });
      }),
    ...over,
  });
  return { clock, calls, batcher, call };

  function call(index: number): Call {
    const found = calls[index];
    if (found === undefined) throw new Error(`there was no call ${index}, only ${calls.length}`);
    return found;
  }
}

export function items(names: string, key?: string, bytes = 1): Item[] {
  return names.split("").map((name) => ({ name, bytes, ...(key !== undefined && { key }) }));
}

export function pushAll(batcher: Batcher<Item, string>, list: readonly Item[]): void {
  for (const each of list) batcher.push(each);
}

export const names = (calls: readonly Call[]): string[] => calls.map((each) => each.names);
