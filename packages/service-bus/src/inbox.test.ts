import { getEventListeners } from "node:events";
import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { Inbox } from "./inbox.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

function bench() {
  const clock = createVirtualClock();
  const kept: string[] = [];
  const inbox = new Inbox<string>(clock, (item) => kept.push(item));
  const controller = new AbortController();
  /** What an ask ends with, once it has ended. */
  const ask = (more: Partial<typeof ASK> = {}, isFit = (_item: string): boolean => true) => {
    const ended: { value?: readonly string[]; error?: unknown } = {};
    void inbox.take({ ...ASK, ...more }, controller.signal, isFit).then(
      (value) => (ended.value = value),
      (error: unknown) => (ended.error = error),
    );
    return ended;
  };
  const listeners = (): number => getEventListeners(controller.signal, "abort").length;
  return { clock, inbox, kept, controller, ask, listeners };
}

test("an ask takes what is there, in order and no more than it has room for", async () => {
  const { clock, inbox, ask } = bench();
  for (const item of ["a", "b", "c"]) inbox.push(item);
  const [first, second] = [ask({ maxItems: 2 }), ask({ waitMs: 0 })];
  await clock.settle();
  expect([first, second, inbox.length]).toEqual([{ value: ["a", "b"] }, { value: ["c"] }, 0]);
});

test("an ask waits for the next item, and for its time at most", async () => {
  const { clock, inbox, ask, listeners } = bench();
  const first = ask();
  await clock.advance(19_999);
  inbox.push("a");
  await clock.settle();
  const second = ask();
  await clock.advance(19_999);
  expect([first, second]).toEqual([{ value: ["a"] }, {}]);
  await clock.advance(1);
  expect(second).toEqual({ value: [] });
  // A consumer asks for as long as it lives: what an ask leaves behind adds up.
  expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
});

test("an ask that shall not wait does not", async () => {
  const { clock, ask } = bench();
  const ended = ask({ waitMs: 0 });
  await clock.settle();
  expect(ended).toEqual({ value: [] });
});

// Woken by the same item, the second would end empty, long before its time.
test("an item ends one of two waits", async () => {
  const { clock, inbox, ask } = bench();
  const [first, second] = [ask(), ask()];
  await clock.settle();
  inbox.push("a");
  await clock.settle();
  expect([first, second]).toEqual([{ value: ["a"] }, {}]);
  inbox.push("b");
  await clock.settle();
  expect(second).toEqual({ value: ["b"] });
});

test("items of no more use are dropped, and the ask waits on for the rest of its time", async () => {
  const { clock, inbox, ask } = bench();
  const isFit = (item: string): boolean => item !== "stale";
  inbox.push("stale");
  const first = ask({}, isFit);
  await clock.advance("15s");
  inbox.push("stale");
  inbox.push("a");
  await clock.settle();
  const second = ask({}, isFit);
  await clock.advance("15s");
  inbox.push("stale");
  await clock.advance("4s");
  expect([first, second]).toEqual([{ value: ["a"] }, {}]);
  await clock.advance("1s");
  expect(second).toEqual({ value: [] });
});

test("a failure ends the wait; the next ask begins anew", async () => {
  const { clock, inbox, ask } = bench();
  const first = ask();
  await clock.settle();
  inbox.fail("the cause");
  await clock.settle();
  const second = ask();
  await clock.settle();
  expect([first, second]).toEqual([{ error: "the cause" }, {}]);
});

// D1: items that came before the failure would be lost to this ask, and their leases run.
test("a failure that nobody waited for is told after the items before it, the first of several", async () => {
  const { clock, inbox, ask } = bench();
  inbox.push("a");
  inbox.fail("the cause");
  inbox.fail("what came of it");
  const [first, second] = [ask(), ask()];
  await clock.settle();
  expect([first, second]).toEqual([{ value: ["a"] }, { error: "the cause" }]);
});

test("what comes after a failure shows that it is over", async () => {
  const { clock, inbox, ask } = bench();
  inbox.fail("the cause");
  inbox.push("a");
  const [first, second] = [ask(), ask()];
  await clock.settle();
  expect([first, second]).toEqual([{ value: ["a"] }, {}]);
});

// Else a consumer that closes waits for its last ask: 20 seconds of its shutdown.
test.each(["closed", "aborted"] as const)("every wait ends once it is %s, and none begins", async (how) => {
  const { clock, inbox, controller, ask, listeners } = bench();
  const waiting = [ask(), ask()];
  await clock.settle();
  if (how === "closed") inbox.close();
  else controller.abort();
  await clock.settle();
  expect(waiting).toEqual([{ value: [] }, { value: [] }]);
  // Why it failed does not matter to somebody who leaves.
  inbox.fail("too late");
  const late = [ask(), ask()];
  await clock.settle();
  expect(late).toEqual([{ value: [] }, { value: [] }]);
  expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
});

test("what nobody asked for can be taken back, once", () => {
  const { inbox } = bench();
  inbox.push("a");
  inbox.push("b");
  expect([inbox.takeAll(), inbox.takeAll(), inbox.length]).toEqual([["a", "b"], [], 0]);
});

test("an error that tells no cause gives way to the one that does", async () => {
  const { clock, inbox, ask } = bench();
  for (const [text, isTelling] of [
    ["mute", false],
    ["cause", true],
    ["mute", false],
    ["late", true],
  ] as const)
    inbox.fail(new Error(text), isTelling);
  const ended = ask();
  await clock.settle();
  expect(ended.error).toMatchObject({ message: "cause" });
});

// After a failure the next ask comes late: the locks of what arrives before it must not end meanwhile.
test("what arrives in the pause after a failure is kept until somebody asks", async () => {
  const { clock, inbox, kept, ask } = bench();
  inbox.fail(new Error("down"));
  ask();
  await clock.settle();
  inbox.push("a");
  await clock.advance(1_250);
  inbox.push("b");
  await clock.advance(1_250);
  expect(kept).toEqual(["a", "a", "b"]);
  expect(ask()).toEqual({});
  await clock.advance(60_000);
  expect([kept.length, clock.pendingTimers]).toEqual([3, 0]);
});

test("nothing is kept where somebody asks, or once all is taken or closed", async () => {
  const { clock, inbox, kept, ask } = bench();
  inbox.push("a");
  inbox.push("b");
  await clock.advance(10_000);
  expect([kept, clock.pendingTimers]).toEqual([[], 0]);
  for (const end of [() => inbox.takeAll(), () => inbox.close()]) {
    ask();
    await clock.settle();
    inbox.fail(new Error("down"));
    ask();
    await clock.settle();
    inbox.push("c");
    end();
    await clock.advance(10_000);
    expect([kept, clock.pendingTimers]).toEqual([[], 0]);
  }
});
