import { describe, expect, test, vi } from "vitest";

import { aliveClock } from "../../test/alive-clock.ts";
import { batcherBench, items, names, pushAll } from "../../test/batcher-bench.ts";
import { createVirtualClock } from "../time/virtual-clock.ts";

describe("gathering", () => {
  test("sends at once when idle, without a timer", async () => {
    const { batcher, calls, clock, call } = batcherBench();
    const result = batcher.add({ name: "a", bytes: 1 });
    await clock.settle();
    expect(names(calls)).toEqual(["a"]);
    expect(clock.pendingTimers).toBe(0);
    await call(0).answer();
    await expect(result).resolves.toEqual({ ok: true, value: "a" });
  });

  test("items added in one tick share a batch", async () => {
    const { batcher, calls, clock } = batcherBench();
    pushAll(batcher, items("abc"));
    await clock.settle();
    expect(names(calls)).toEqual(["abc"]);
  });

  test("gathers while a batch is out and sends the rest when it is done", async () => {
    const { batcher, calls, clock, call } = batcherBench();
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bc"));
    await clock.settle();
    expect(names(calls)).toEqual(["a"]);
    await call(0).answer();
    expect(names(calls)).toEqual(["a", "bc"]);
  });

  test("sends a full batch beside one that is out, up to maxInFlight", async () => {
    const { batcher, calls, clock, call } = batcherBench();
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bcdefg"));
    await clock.settle();
    expect(names(calls)).toEqual(["a", "bcd"]);
    await call(1).answer();
    expect(names(calls)).toEqual(["a", "bcd", "efg"]);
  });

  test("counts bytes with the overhead of the batch", async () => {
    const { batcher, calls, clock } = batcherBench();
    pushAll(batcher, items("ab", undefined, 45));
    await clock.settle();
    expect(names(calls)).toEqual(["ab"]); // 45 + 45 + 10 = 100
    const other = batcherBench();
    pushAll(other.batcher, [...items("a", undefined, 45), ...items("b", undefined, 46)]);
    await other.clock.settle();
    expect(names(other.calls)).toEqual(["a"]);
  });

  test("an item larger than a batch goes alone", async () => {
    const { batcher, calls, clock } = batcherBench();
    pushAll(batcher, [...items("a", undefined, 500), ...items("b")]);
    await clock.settle();
    expect(names(calls)[0]).toBe("a");
  });

  test("a batch that hangs holds up the rest for gatherMs only", async () => {
    const { batcher, calls, clock } = batcherBench({ gatherMs: 50 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    batcher.push({ name: "b", bytes: 1 });
    await clock.advance(49);
    expect(names(calls)).toEqual(["a"]);
    await clock.advance(1);
    expect(names(calls)).toEqual(["a", "b"]);
  });

  test("sets no timer for what is added while a batch that was answered ends", async () => {
    const runs: number[] = [];
    const { batcher, clock } = batcherBench({
      async run(batch) {
        runs.push(batch.length);
        if (runs.length < 3) batcher.push({ name: "next", bytes: 1 });
        for (let turns = 0; turns < 5; turns += 1) await Promise.resolve();
        return batch.map(({ name }) => ({ ok: true, value: name }));
      },
    });
    const setTimer = vi.spyOn(clock, "setTimer");
    batcher.push({ name: "first", bytes: 1 });
    await clock.settle();
    expect(runs).toEqual([1, 1, 1]);
    expect(setTimer).not.toHaveBeenCalled();
  });
});

describe("a full batch", () => {
  test("by bytes goes beside one that is out, overhead included", async () => {
    const { batcher, calls, clock } = batcherBench({ maxItems: 50 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bc", undefined, 44));
    await clock.settle();
    expect(names(calls)).toEqual(["a"]); // 44 + 44 + 10 = 98
    batcher.push({ name: "d", bytes: 2 });
    await clock.settle();
    expect(names(calls)).toEqual(["a", "bcd"]);
  });

  test("what it leaves over waits for more again", async () => {
    const { batcher, calls, clock } = batcherBench({ maxInFlight: 9 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bcdefgh", undefined, 20));
    await clock.settle();
    expect(names(calls)).toEqual(["a", "bcd", "efg"]);
    pushAll(batcher, items("ij", undefined, 20));
    await clock.settle();
    expect(names(calls)).toEqual(["a", "bcd", "efg", "hij"]);
  });

  test("of a key does not take the key's next items along beside it", async () => {
    const { batcher, calls, clock, call } = batcherBench({ maxInFlight: 9 });
    pushAll(batcher, [...items("abcdefg", "k"), ...items("xyz", "l")]);
    await clock.settle();
    expect(names(calls)).toEqual(["abc", "xyz"]);
    await call(0).answer();
    expect(names(calls)).toEqual(["abc", "xyz", "def"]);
  });

  test("is filled from the keys that wait, the longest first", async () => {
    const { batcher, calls, clock } = batcherBench({ maxItems: 4, maxInFlight: 9 });
    pushAll(batcher, [...items("ab", "k"), ...items("cde", "l"), ...items("f")]);
    await clock.settle();
    expect(names(calls)).toEqual(["abcd"]);
    await clock.advance(100);
    expect(names(calls)).toEqual(["abcd", "f"]);
  });
});

describe("lingering", () => {
  test("waits lingerMs for more, with one timer for all", async () => {
    const { batcher, calls, clock } = batcherBench({ lingerMs: 20 });
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
    const { batcher, calls, clock } = batcherBench({ lingerMs: 20 });
    pushAll(batcher, items("abcd"));
    await clock.settle();
    expect(names(calls)).toEqual(["abc"]);
  });

  test("leaves no timer when a batch became full meanwhile", async () => {
    const { batcher, calls, clock } = batcherBench({ lingerMs: 20 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    pushAll(batcher, items("bc"));
    await clock.settle();
    expect(names(calls)).toEqual(["abc"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("begins anew after what was overdue is gone", async () => {
    const { batcher, calls, clock, call } = batcherBench({ lingerMs: 20 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.advance(20);
    await call(0).answer();
    batcher.push({ name: "b", bytes: 1 });
    await clock.advance(19);
    expect(names(calls)).toEqual(["a"]);
    await clock.advance(1);
    expect(names(calls)).toEqual(["a", "b"]);
  });

  test("its timer keeps the process alive: nothing else does for what waits", async () => {
    const clock = createVirtualClock();
    const watched = aliveClock(clock);
    const { batcher } = batcherBench({ lingerMs: 20, clock: watched });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    expect([watched.keptAlive, clock.pendingTimers]).toEqual([1, 1]);
  });

  test("flush ends a wait that has begun", async () => {
    const { batcher, calls, clock } = batcherBench({ lingerMs: 20 });
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    expect(calls).toHaveLength(0);
    void batcher.flush();
    await clock.settle();
    expect(names(calls)).toEqual(["a"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("flush does not wait for more and resolves when all has its result", async () => {
    const { batcher, calls, clock, call } = batcherBench({ lingerMs: 20 });
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

describe("ending", () => {
  test("flush waits for what was added before it, not for what comes later", async () => {
    const { batcher, clock, call } = batcherBench();
    batcher.push({ name: "a", bytes: 1 });
    await clock.settle();
    const flushed = batcher.flush();
    batcher.push({ name: "b", bytes: 1 });
    await call(0).answer();
    await flushed;
    expect(batcher.pendingItems).toBe(1);
  });

  test("close flushes and refuses further items", async () => {
    const { batcher, clock, call } = batcherBench({ lingerMs: 20 });
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
    const { batcher } = batcherBench({
      run: async () => {
        throw fault;
      },
    });
    await expect(batcher.add({ name: "a", bytes: 1 })).resolves.toEqual({ ok: false, error: fault });
    expect(batcher.pendingBytes).toBe(0);
  });
});
