import { describe, expect, test } from "vitest";
import { ACK, BUSY, failure, OK, RELEASE, settleBench } from "../../test/settle-bench.ts";
import type { ItemResult } from "../driver/driver.ts";

describe("a flush", () => {
  test("sends what gathers and what waits for its next try, and ends with the last result", async () => {
    const { clock, settler, requests, results, submit, answerWith } = settleBench({ lingerMs: 5_000 });
    answerWith(async () => [failure({ ...BUSY, retryAfterMs: 30_000 })]);
    submit("a");
    await clock.advance(5_000);
    answerWith(async (items) => items.map(() => OK));
    submit("b");
    let isFlushed = false;
    void settler.flush(10_000).then(() => {
      isFlushed = true;
    });
    await clock.settle();
    expect(requests.slice(1)).toEqual([{ atMs: 5_000, operation: "ack", items: ["b", "a"] }]);
    expect([isFlushed, results, clock.pendingTimers]).toEqual([true, ["b settled", "a settled"], 1]);
    submit("c");
    await clock.settle();
    expect(requests.at(-1)?.items).toEqual(["c"]); // from now on nothing waits for others
  });

  test("does not end before the last of them has its result", async () => {
    const { clock, settler, submit, answerWith } = settleBench();
    const slow = Promise.withResolvers<readonly ItemResult[]>();
    answerWith(async (items) => (items.includes("a") ? await slow.promise : items.map(() => OK)));
    submit("a");
    submit("b", RELEASE);
    let isFlushed = false;
    void settler.flush(10_000).then(() => {
      isFlushed = true;
    });
    await clock.settle();
    expect([isFlushed, settler.pending]).toEqual([false, 1]);
    slow.resolve([OK]);
    await clock.settle();
    expect([isFlushed, settler.pending]).toEqual([true, 0]);
  });

  test("waits for what a settlement needs first, and for the settlement that follows", async () => {
    const { clock, settler, requests, results, track } = settleBench();
    const copied = Promise.withResolvers<string>();
    const held = track("a");
    const seen: string[] = [];
    void settler.after(held, copied.promise, (result) => {
      seen.push(result);
      held.settlement = ACK;
      settler.submit(held);
    });
    expect(settler.pending).toBe(1);
    let isFlushed = false;
    void settler.flush(10_000).then(() => {
      isFlushed = true;
    });
    await clock.settle();
    expect([isFlushed, requests]).toEqual([false, []]);
    copied.resolve("copied");
    await clock.settle();
    expect([isFlushed, seen, results, settler.pending]).toEqual([true, ["copied"], ["a settled"], 0]);
  });

  test("ends when what was needed first is done and nothing follows", async () => {
    const { clock, settler, track } = settleBench();
    const copied = Promise.withResolvers<undefined>();
    void settler.after(track("a"), copied.promise, () => {});
    let isFlushed = false;
    void settler.flush(10_000).then(() => {
      isFlushed = true;
    });
    copied.resolve(undefined);
    await clock.settle();
    expect([isFlushed, settler.pending]).toEqual([true, 0]);
  });

  test("waits no longer than it may for what never comes", async () => {
    const { clock, settler, results, track } = settleBench();
    void settler.after(track("a"), new Promise(() => {}), () => {});
    let isFlushed = false;
    void settler.flush(10_000).then(() => {
      isFlushed = true;
    });
    await clock.advance(9_999);
    expect(isFlushed).toBe(false);
    await clock.advance(21);
    expect([isFlushed, results, settler.pending]).toEqual([true, ["a failed TIMEOUT?"], 0]);
  });

  test("that gave up a copy is told all the same when it came, and counts it no more", async () => {
    const { clock, settler, track } = settleBench();
    const copied = Promise.withResolvers<string>();
    const seen: string[] = [];
    void settler.after(track("a"), copied.promise, (result) => {
      seen.push(result);
    });
    const flushed = settler.flush(10_000);
    await clock.advance(10_020);
    await flushed;
    copied.resolve("copied");
    await clock.settle();
    expect([seen, settler.pending]).toEqual([["copied"], 0]);
  });

  test("cuts off what is out, takes what is known of it, and lets nothing go out any more", async () => {
    const { clock, settler, requests, results, submit, answerWith } = settleBench();
    // When it is aborted, the driver knows the answer for one item of the batch.
    answerWith(
      async (items, signal) =>
        await new Promise((resolve) => {
          const partly = items.map((item) => (item === "a" ? OK : failure({ ...BUSY, ambiguous: true })));
          signal.addEventListener("abort", () => {
            resolve(partly);
          });
        }),
    );
    submit("a");
    submit("b");
    await clock.settle();
    const flushed = settler.flush(10_000);
    await clock.advance(10_000);
    await flushed;
    submit("c");
    await clock.settle();
    expect([requests.length, results]).toEqual([1, ["a settled", "b failed THROTTLED?", "c failed TIMEOUT"]]);
  });

  test("of nothing is done at once and leaves no timer", async () => {
    const { clock, settler } = settleBench();
    await settler.flush(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("gives up what is not confirmed in time, and cannot say whether it was done", async () => {
    const { clock, settler, results, submit, answerWith } = settleBench();
    answerWith(async () => await new Promise(() => {}));
    submit("a");
    await clock.settle();
    const flushed = settler.flush(10_000);
    await clock.advance(9_999);
    expect(results).toEqual([]);
    await clock.advance(1);
    await flushed;
    expect(results).toEqual(["a failed TIMEOUT?"]);
    expect(settler.pending).toBe(0);
  });

  test("tries nothing again that could not be done in time", async () => {
    const { clock, settler, results, submit, answerWith } = settleBench();
    await clock.advance(5_000);
    answerWith(async () => [failure({ ...BUSY, retryAfterMs: 3_000 })]);
    submit("a");
    const flushed = settler.flush(2_000);
    await clock.settle();
    await flushed;
    expect(results).toEqual(["a failed THROTTLED"]);
  });
});
