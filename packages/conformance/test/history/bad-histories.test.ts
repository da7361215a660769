import { describe, expect, test } from "vitest";
import { checkHistory, INVARIANTS } from "../../src/history/check-history.ts";
import { BAD_10_TO_17 } from "./bad-histories-10-to-17.ts";
import { BAD_1_TO_9 } from "./bad-histories-1-to-9.ts";
import { history } from "./history-builder.ts";

const BAD = { ...BAD_1_TO_9, ...BAD_10_TO_17 };

describe.each(Object.entries(BAD))("%s fails", (id, histories) => {
  test.each(histories)("when $name", ({ events, promises = {}, also = [] }) => {
    const { verdict, invariants } = checkHistory(events, promises);
    const failed = invariants.filter((one) => one.verdict === "fail").map((one) => one.id);
    expect(verdict).toBe("fail");
    expect(failed).toContain(id);
    // A fault is reported where it belongs, not everywhere.
    expect(failed.filter((other) => other !== id && !also.includes(other))).toEqual([]);
  });
});

test("every invariant that can fail has at least two bad histories", () => {
  const judging = INVARIANTS.map(({ id }) => id).filter((id) => id !== "I-3");
  expect(Object.keys(BAD)).toEqual(judging);
  expect(Object.values(BAD).every((histories) => histories.length >= 2)).toBe(true);
});

test("a counter-example of the order is the timeline of both messages", () => {
  const keyed = (kseq: number): { readonly key: string; readonly kseq: number } => ({ key: "k", kseq });
  const events = history()
    .send("m1", "ok", keyed(1))
    .send("m2", "ok", keyed(2))
    .send("m3", "ok", keyed(3))
    .handle("m2", "t2")
    .handle("m1", "t1")
    .handle("m3", "t3")
    .drained();
  const order = checkHistory(events, { ordered: true }).invariants.find(({ id }) => id === "I-9");
  const timeline = order?.findings[0]?.timeline ?? [];
  expect(timeline.flatMap((event) => ("tok" in event ? [`${event.type} ${event.tok}`] : []))).toEqual([
    "deliver t2",
    "handle.start t2",
    "handle.end t2",
    "settle.invoke t2",
    "settle.ok t2",
    "deliver t1",
    "handle.start t1",
    "handle.end t1",
    "settle.invoke t1",
    "settle.ok t1",
  ]);
});

test("a counter-example is the timeline of its message, the shortest first", () => {
  const events = history()
    .send("long")
    .fail("long", "t1")
    .send("short")
    .send("fine")
    .handle("fine", "t2")
    .drained();
  const { invariants } = checkHistory(events);
  const loss = invariants.find(({ id }) => id === "I-1");
  expect(loss?.found).toBe(2);
  expect(loss?.findings.map(({ mid }) => mid)).toEqual(["short", "long"]);
  expect(loss?.findings[0]?.timeline.map(({ type }) => type)).toEqual(["send.invoke", "send.ok"]);
});
