import { fc, test as propertyTest } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";

import type { ItemResult } from "../driver/driver.ts";
import { createVirtualClock, type VirtualClock } from "../time/virtual-clock.ts";
import { createBatcher, type Batcher, type BatcherOptions } from "./batcher.ts";

interface Item {
  readonly name: string;
  readonly bytes: number;
  readonly key?: string;
}

type Results = readonly (ItemResult<string> | undefined)[];

interface Call {
  readonly items: readonly Item[];
  readonly names: string;
  answer(results?: Results): Promise<void>;
}

interface Bench {
  readonly clock: VirtualClock;
  readonly calls: Call[];
  readonly batcher: Batcher<Item, string>;
  call(index: number): Call;
}

function bench(over: Partial<BatcherOptions<Item, string>> = {}): Bench {
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

function items(names: string, key?: string, bytes = 1): Item[] {
  return [...names].map((name) => ({ name, bytes, ...(key !== undefined && { key }) }));
}

function pushAll(batcher: Batcher<Item, string>, list: readonly Item[]): void {
  for (const each of list) batcher.push(each);
}

const names = (calls: readonly Call[]): string[] => calls.map((each) => each.names);

describe("gathering", () => {
  test("sends at once when idle, without a timer", async () => {
    const { batcher, calls, clock, call } = bench();
    const result = batcher.add({ name: "a", bytes: 1 });
    await clock.settle();
    expect(names(calls)).toEqual(["a"]);
    expect(clock.pendingTimers).toBe(0);
    await call(0).answer();
    await expect(result).resolves.toEqual({ ok: true, value: "a" });
  });

  test("items added in one tick share a batch", async () => {
    const { batcher, calls, clock } = bench();
    pushAll(batcher, items("abc"));
    await clock.settle();
    expect(names(calls)).toEqual(["abc"]);
  });

  test("gathers while a batch is out and sends the rest when it is done", async () => {
    const { batcher, calls, clock, call } = bench();
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bc"));
    await clock.settle();
    expect(names(calls)).toEqual(["a"]);
    await call(0).answer();
    expect(names(calls)).toEqual(["a", "bc"]);
  });

  test("sends a full batch beside one that is out, up to maxInFlight", async () => {
    const { batcher, calls, clock, call } = bench();
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bcdefg"));
    await clock.settle();
    expect(names(calls)).toEqual(["a", "bcd"]);
    await call(1).answer();
    expect(names(calls)).toEqual(["a", "bcd", "efg"]);
  });

  test("counts bytes with the overhead of the batch", async () => {
    const { batcher, calls, clock } = bench();
    pushAll(batcher, items("ab", undefined, 45));
    await clock.settle();
    expect(names(calls)).toEqual(["ab"]); // 45 + 45 + 10 = 100
    const other = bench();
    pushAll(other.batcher, [...items("a", undefined, 45), ...items("b", undefined, 46)]);
    await other.clock.settle();
    expect(names(other.calls)).toEqual(["a"]);
  });

  test("an item larger than a batch goes alone", async () => {
    const { batcher, calls, clock } = bench();
    pushAll(batcher, [...items("a", undefined, 500), ...items("b")]);
    await clock.settle();
    expect(names(calls)[0]).toBe("a");
  });

  test("a batch that hangs holds up the rest for gatherMs only", async () => {
    const { batcher, calls, clock } = bench({ gatherMs: 50 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    batcher.push({ name: "b", bytes: 1 });
    await clock.advance(49);
    expect(names(calls)).toEqual(["a"]);
    await clock.advance(1);
    expect(names(calls)).toEqual(["a", "b"]);
  });
});

describe("lingering", () => {
  test("waits lingerMs for more, with one timer for all", async () => {
    const { batcher, calls, clock } = bench({ lingerMs: 20 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.advance(10);
    batcher.push({ name: "b", bytes: 1 });
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(9);
    expect(calls).toHaveLength(0);
    await clock.advance(1);
    expect(names(calls)).toEqual(["ab"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("a full batch does not wait", async () => {
    const { batcher, calls, clock } = bench({ lingerMs: 20 });
    pushAll(batcher, items("abcd"));
    await clock.settle();
    expect(names(calls)).toEqual(["abc"]);
  });

  test("flush does not wait for more and resolves when all has its result", async () => {
    const { batcher, calls, clock, call } = bench({ lingerMs: 20 });
    batcher.push({ name: "a", bytes: 1 });
    let isFlushed = false;
    const flushed = batcher.flush().then(() => (isFlushed = true));
    await clock.settle();
    expect(names(calls)).toEqual(["a"]);
    expect(isFlushed).toBe(false);
    await call(0).answer();
    await flushed;
    expect(batcher.pendingItems).toBe(0);
  });
});

describe("keys", () => {
  test("one batch in flight per key; other keys and items without a key pass", async () => {
    const { batcher, calls, clock, call } = bench({ maxInFlight: 5 });
    pushAll(batcher, items("ab", "k"));
    await clock.settle();
    pushAll(batcher, [...items("c", "k"), ...items("def", "l"), ...items("ghi")]);
    await clock.settle();
    expect(names(calls)).toEqual(["ab", "def", "ghi"]);
    await call(0).answer();
    await call(1).answer();
    await call(2).answer();
    expect(names(calls)).toEqual(["ab", "def", "ghi", "c"]);
  });

  test("with uniformKey each key sends alone and at once", async () => {
    const { batcher, calls, clock } = bench({ uniformKey: true, maxInFlight: 5 });
    pushAll(batcher, [...items("a", "k"), ...items("b", "l"), ...items("c", "k"), ...items("d"), ...items("e")]);
    await clock.settle();
    expect(names(calls)).toEqual(["ac", "b", "de"]);
  });

  test("a deferred item blocks its key and comes back first", async () => {
    const { batcher, calls, clock, call } = bench({ maxInFlight: 5 });
    const [a, b, c] = items("abc", "k");
    if (a === undefined || b === undefined || c === undefined) throw new Error("three items expected");
    pushAll(batcher, [a, b, c]);
    await clock.settle();
    pushAll(batcher, [...items("d", "k"), ...items("x")]);
    await call(0).answer([{ ok: true, value: "a" }, undefined, undefined]);
    expect(names(calls)).toEqual(["abc", "x"]);
    expect(batcher.pendingItems).toBe(4);
    batcher.requeue([b, c]);
    await clock.settle();
    expect(names(calls)).toEqual(["abc", "x", "bcd"]);
  });

  test("settling the deferred item lets the key go on", async () => {
    const results: string[] = [];
    const { batcher, calls, clock, call } = bench({ onResult: (item, result) => results.push(`${item.name}${result.ok}`) });
    const [a] = items("a", "k");
    if (a === undefined) throw new Error("one item expected");
    batcher.push(a);
    await clock.settle();
    batcher.push({ name: "b", bytes: 1, key: "k" });
    await call(0).answer([undefined]);
    batcher.settle(a, { ok: false, error: "given up" });
    await clock.settle();
    expect(results).toEqual(["afalse"]);
    expect(names(calls)).toEqual(["a", "b"]);
  });

  test("what a result's receiver adds does not overtake a deferred item", async () => {
    const { batcher, calls, clock, call } = bench({
      onResult: (item) => {
        if (item.name === "b") batcher.push({ name: "c", bytes: 1, key: "k" });
      },
    });
    const [a, b] = items("ab", "k");
    if (a === undefined || b === undefined) throw new Error("two items expected");
    pushAll(batcher, [a, b]);
    await clock.settle();
    await call(0).answer([undefined, { ok: true, value: "b" }]);
    expect(names(calls)).toEqual(["ab"]);
    batcher.requeue([a]);
    await clock.settle();
    expect(names(calls)).toEqual(["ab", "ac"]);
  });
});

describe("ending", () => {
  test("flush waits for what was added before it, not for what comes later", async () => {
    const { batcher, clock, call } = bench();
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    const flushed = batcher.flush();
    batcher.push({ name: "b", bytes: 1 });
    await call(0).answer();
    await flushed;
    expect(batcher.pendingItems).toBe(1);
  });

  test("close flushes and refuses further items", async () => {
    const { batcher, clock, call } = bench({ lingerMs: 20 });
    const result = batcher.add({ name: "a", bytes: 1 });
    const closed = batcher.close();
    await expect(batcher.add({ name: "b", bytes: 1 })).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => batcher.push({ name: "b", bytes: 1 })).toThrow(/CLOSED/);
    await clock.settle();
    await call(0).answer();
    await closed;
    await batcher.close();
    await expect(result).resolves.toMatchObject({ ok: true });
    expect(clock.pendingTimers).toBe(0);
  });

  test("a run that throws against its contract fails each of its items", async () => {
    const fault = new Error("broken");
    const { batcher } = bench({
      run: async () => {
        throw fault;
      },
    });
    await expect(batcher.add({ name: "a", bytes: 1 })).resolves.toEqual({ ok: false, error: fault });
    expect(batcher.pendingBytes).toBe(0);
  });
});

const anyItem = fc.record(
  { bytes: fc.integer({ min: 0, max: 120 }), key: fc.constantFrom("k", "l", "m") },
  { requiredKeys: ["bytes"] },
);

propertyTest.prop({
  list: fc.array(anyItem, { maxLength: 60 }),
  uniformKey: fc.boolean(),
  maxItems: fc.integer({ min: 1, max: 6 }),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  deferEvery: fc.integer({ min: 2, max: 7 }),
})("every item is run until it has one result, in order per key and within the limits", async (given) => {
  const clock = createVirtualClock();
  const order: Item[] = [];
  const keysOut = new Set<string>();
  let out = 0;
  let runs = 0;
  const batcher = createBatcher<Item, string>({
    maxItems: given.maxItems,
    maxBytes: 100,
    overheadBytes: 10,
    maxInFlight: given.maxInFlight,
    uniformKey: given.uniformKey,
    sizeOf: (item) => item.bytes,
    keyOf: (item) => item.key,
    clock,
    async run(batch) {
      const keys = new Set(batch.map((item) => item.key));
      const bytes = batch.reduce((sum, item) => sum + item.bytes, 10);
      expect(batch.length === 1 || (batch.length <= given.maxItems && bytes <= 100)).toBe(true);
      if (given.uniformKey) expect(keys.size).toBe(1);
      for (const key of keys) {
        if (key === undefined) continue;
        expect(keysOut.has(key)).toBe(false);
        keysOut.add(key);
      }
      out += 1;
      expect(out).toBeLessThanOrEqual(given.maxInFlight);
      await new Promise<void>((resolve) => clock.setTimer(resolve, 10));
      out -= 1;
      for (const key of keys) if (key !== undefined) keysOut.delete(key);
      runs += 1;
      if (runs % given.deferEvery === 0) {
        clock.setTimer(() => batcher.requeue(batch), 5);
        return batch.map(() => undefined);
      }
      order.push(...batch);
      return batch.map((item) => ({ ok: true, value: item.name }));
    },
  });
  const list: Item[] = given.list.map((item, index) => ({ ...item, name: String(index) }));
  const results = Promise.all(list.map(async (item) => await batcher.add(item)));
  await clock.advance("1h");
  expect((await results).map((result) => result.ok && result.value)).toEqual(list.map((item) => item.name));
  expect(order.map((item) => item.name).toSorted()).toEqual(list.map((item) => item.name).toSorted());
  for (const key of ["k", "l", "m"]) {
    const isOfKey = (item: Item): boolean => item.key === key;
    expect(order.filter(isOfKey)).toEqual(list.filter(isOfKey));
  }
  expect(batcher.pendingItems).toBe(0);
  expect(batcher.pendingBytes).toBe(0);
});
