import { describe, expect, test } from "vitest";

import { batcherBench, items, names, pushAll } from "../../test/batcher-bench.ts";

describe("keys", () => {
  test("one batch in flight per key; other keys and items without a key pass", async () => {
    const { batcher, calls, clock, call } = batcherBench({ maxInFlight: 5 });
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

  test("what waits behind its own key does not fill the batches of others", async () => {
    const { batcher, calls, clock, call } = batcherBench({ maxItems: 3, maxInFlight: 9 });
    pushAll(batcher, items("abcde", "k", 30));
    await clock.settle();
    pushAll(batcher, items("x", undefined, 30));
    await clock.settle();
    expect(names(calls)).toEqual(["abc"]);
    await call(0).answer();
    expect(names(calls)).toEqual(["abc", "xde"]);
  });

  test("with uniformKey each key sends alone and at once", async () => {
    const { batcher, calls, clock } = batcherBench({ uniformKey: true, maxInFlight: 5 });
    pushAll(batcher, [
      ...items("a", "k"),
      ...items("b", "l"),
      ...items("c", "k"),
      ...items("d"),
      ...items("e"),
    ]);
    await clock.settle();
    expect(names(calls)).toEqual(["ac", "b", "de"]);
  });

  test("with uniformKey items without a key gather and hold up no key", async () => {
    const { batcher, calls, clock } = batcherBench({ uniformKey: true, maxInFlight: 9 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, [...items("b"), ...items("c", "k"), ...items("d", "l")]);
    await clock.settle();
    expect(names(calls)).toEqual(["a", "c", "d"]);
    pushAll(batcher, items("ef"));
    await clock.settle();
    expect(names(calls)).toEqual(["a", "c", "d", "bef"]);
  });

  test("a deferred item comes back at once, although a batch is out and there is a linger", async () => {
    const { batcher, calls, clock, call } = batcherBench({ lingerMs: 20 });
    const [a] = items("a");
    if (a === undefined) throw new Error("one item expected");
    pushAll(batcher, [a, ...items("bcdef")]);
    await clock.settle();
    await call(0).answer([undefined, { ok: true, value: "b" }, { ok: true, value: "c" }]);
    batcher.requeue([a, { name: "stranger", bytes: 1 }]);
    batcher.requeue([a]);
    await clock.settle();
    expect(names(calls)).toEqual(["abc", "def", "a"]);
    expect(batcher.pendingItems).toBe(4);
    expect(batcher.pendingBytes).toBe(4);
  });

  test("a deferred item blocks its key and comes back first", async () => {
    const { batcher, calls, clock, call } = batcherBench({ maxInFlight: 5 });
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

  test("what a result's receiver adds does not overtake a deferred item", async () => {
    const { batcher, calls, clock, call } = batcherBench({
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
