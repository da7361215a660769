import fc from "fast-check";
import { expect, test } from "vitest";

import type { ItemResult } from "../driver/driver.ts";
import { createVirtualClock, type VirtualClock } from "../time/virtual-clock.ts";
import { createBatcher, type Batcher } from "./batcher.ts";

interface Item {
  readonly name: string;
  readonly bytes: number;
  readonly key?: string;
}

interface Given {
  readonly list: readonly Item[];
  readonly uniformKey: boolean;
  readonly maxItems: number;
  readonly maxInFlight: number;
  readonly deferEvery: number;
  readonly lingerMs: number;
}

const MAX_BYTES = 100;
const OVERHEAD_BYTES = 10;

const anyItem = fc.record(
  { bytes: fc.integer({ min: 0, max: 120 }), key: fc.constantFrom("k", "l", "m") },
  { requiredKeys: ["bytes"] },
);

const anyGiven: fc.Arbitrary<Given> = fc.record({
  list: fc
    .array(anyItem, { maxLength: 60 })
    .map((list) => list.map((item, index) => ({ ...item, name: String(index) }))),
  uniformKey: fc.boolean(),
  maxItems: fc.integer({ min: 1, max: 6 }),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  deferEvery: fc.integer({ min: 2, max: 7 }),
  lingerMs: fc.constantFrom(0, 20),
});

/** A service that takes 10 ms, checks the limits, and now and then defers a whole batch. */
class WatchfulService {
  readonly faults: string[] = [];
  readonly order: Item[] = [];
  readonly #given: Given;
  readonly #clock: VirtualClock;
  readonly #keysOut = new Set<string>();
  #out = 0;
  #runs = 0;

  constructor(given: Given, clock: VirtualClock) {
    this.#given = given;
    this.#clock = clock;
  }

  async run(
    batch: readonly Item[],
    batcher: () => Batcher<Item, string>,
  ): Promise<(ItemResult<string> | undefined)[]> {
    const keys = new Set(batch.map((item) => item.key));
    this.#watch(batch, keys);
    for (const key of keys) if (key !== undefined) this.#keysOut.add(key);
    this.#out += 1;
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, 10));
    this.#out -= 1;
    for (const key of keys) if (key !== undefined) this.#keysOut.delete(key);
    this.#runs += 1;
    if (this.#runs % this.#given.deferEvery === 0) {
      this.#clock.setTimer(() => batcher().requeue(batch), 5);
      return batch.map(() => undefined);
    }
    this.order.push(...batch);
    return batch.map((item) => ({ ok: true, value: item.name }));
  }

  #watch(batch: readonly Item[], keys: ReadonlySet<string | undefined>): void {
    const bytes = batch.reduce((sum, item) => sum + item.bytes, OVERHEAD_BYTES);
    this.#expect(batch.length > 0, "an empty batch");
    this.#expect(batch.length <= this.#given.maxItems, "too many items");
    this.#expect(batch.length === 1 || bytes <= MAX_BYTES, "too many bytes");
    this.#expect(!this.#given.uniformKey || keys.size === 1, "several keys");
    this.#expect(this.#out < this.#given.maxInFlight, "too many batches out");
    for (const key of keys) this.#expect(key === undefined || !this.#keysOut.has(key), "a key twice out");
  }

  #expect(isTrue: boolean, fault: string): void {
    if (!isTrue) this.faults.push(fault);
  }
}

test("every item is run until it has one result, in order per key and within the limits", async () => {
  await fc.assert(
    fc.asyncProperty(anyGiven, async (given) => {
      const clock = createVirtualClock();
      const service = new WatchfulService(given, clock);
      const batcher: Batcher<Item, string> = createBatcher<Item, string>({
        ...given,
        maxBytes: MAX_BYTES,
        overheadBytes: OVERHEAD_BYTES,
        sizeOf: (item) => item.bytes,
        keyOf: (item) => item.key,
        clock,
        run: async (batch) => await service.run(batch, () => batcher),
      });
      const names = given.list.map((item) => item.name);
      const results = Promise.all(given.list.map(async (item) => await batcher.add(item)));
      await clock.advance("1h");
      expect(service.faults).toEqual([]);
      expect((await results).map((result) => result.ok && result.value)).toEqual(names);
      expect(service.order.map((item) => item.name).toSorted()).toEqual(names.toSorted());
      for (const key of ["k", "l", "m"]) {
        const isOfKey = (item: Item): boolean => item.key === key;
        expect(service.order.filter(isOfKey)).toEqual(given.list.filter(isOfKey));
      }
      expect([batcher.pendingItems, batcher.pendingBytes, clock.pendingTimers]).toEqual([0, 0, 0]);
    }),
  );
});
