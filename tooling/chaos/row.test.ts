import type { EventMembers, EventType, HistoryEvent } from "@anyqueue/conformance";
import { expect, test } from "vitest";
import { describeFailure, rowsTable } from "./report.ts";
import { judge, type CellFacts } from "./row.ts";

const FACTS: CellFacts = {
  provider: "sqs",
  fault: "cut",
  phase: "send",
  seed: 7,
  promises: {},
  complaints: [],
  delays: [],
};

/** A history of events one millisecond apart. */
function history(
  ...lines: readonly (readonly [type: EventType, members: object, op?: string])[]
): readonly HistoryEvent[] {
  return lines.map(([type, members, op = `op-${type}`], index) => {
    const base = { t: index * 1_000_000, w: index, proc: "p", op, type };
    return { ...base, ...members } as HistoryEvent;
  });
}

const sent = (mid: string): readonly (readonly [EventType, object, string])[] => [
  ["send.invoke", { mid, dest: "chaos", hash: "h" } satisfies EventMembers["send.invoke"], `send ${mid}`],
  ["send.ok", {}, `send ${mid}`],
];
const handled = (mid: string, tok: string): readonly (readonly [EventType, object, string])[] => [
  ["deliver", { mid, bid: mid, tok, dest: "chaos", hash: "h", consumer: "c" }, tok],
  ["handle.start", { tok }, `start ${tok}`],
  ["handle.end", { tok, result: "ack" }, `end ${tok}`],
  ["settle.invoke", { tok, kind: "ack" }, `ack ${tok}`],
  ["settle.ok", { tok, kind: "ack" }, `ack ${tok}`],
];
const FAULT: readonly (readonly [EventType, object])[] = [
  ["fault.start", { fault: "F-01 cut" }],
  ["fault.stop", { fault: "F-01 cut" }],
];
const DRAINED: readonly (readonly [EventType, object])[] = [
  ["drain.start", { dest: "chaos" }],
  ["drain.end", { dest: "chaos", emptyPolls: 3 }],
];

test("a cell in which all went well passes, with the time from the fault to the next success", () => {
  const events = history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...DRAINED);
  expect(judge(events, FACTS).row).toEqual({
    provider: "sqs",
    fault: "cut",
    phase: "send",
    seed: 7,
    confirmed: 1,
    lost: 0,
    justifiedDuplicates: 0,
    unjustifiedDuplicates: 0,
    orderViolations: 0,
    recoveryMs: 3,
    verdict: "pass",
    problems: [],
  });
});

test("a confirmed message that is nowhere is lost", () => {
  const { row } = judge(history(...sent("a"), ...FAULT, ...DRAINED), FACTS);
  expect(row).toMatchObject({ lost: 1, recoveryMs: null, verdict: "fail" });
});

test("without a drain that proves it, nothing is passed", () => {
  const { row } = judge(history(...sent("a"), ...FAULT), FACTS);
  expect(row).toMatchObject({ lost: 0, verdict: "unknown" });
});

test("a second run without a reason is an unjustified duplicate", () => {
  const events = history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...handled("a", "t2"), ...DRAINED);
  const { row } = judge(events, FACTS);
  expect(row).toMatchObject({ justifiedDuplicates: 0, unjustifiedDuplicates: 1, verdict: "fail" });
});

test("what was not done in time fails a cell, which is late if that is all", () => {
  const events = history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...DRAINED);
  const delays = ["the phase send never came about"];
  expect(judge(events, { ...FACTS, delays }).row).toMatchObject({
    verdict: "fail",
    problems: delays,
    isLate: true,
  });
});

test("a drain that did not end is late", () => {
  expect(judge(history(...sent("a"), ...FAULT), FACTS).row).toMatchObject({
    verdict: "unknown",
    isLate: true,
  });
});

test("a cell that was slow and lost a message, ran one twice or has a process that died is not late", () => {
  const delays = ["1 confirmed messages were not done in time"];
  const lost = history(...sent("a"), ...FAULT, ...DRAINED);
  const twice = history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...handled("a", "t2"), ...DRAINED);
  const good = history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...DRAINED);
  const complaints = ["consumer-2 exited with code 1: "];
  for (const [events, facts] of [
    [lost, { ...FACTS, delays }],
    [twice, { ...FACTS, delays }],
    [good, { ...FACTS, delays, complaints }],
  ] as const) {
    const { row } = judge(events, facts);
    expect(row.verdict).toBe("fail");
    expect(row.isLate).toBeUndefined();
  }
});

test("a complaint of the runner fails a cell whose history is good", () => {
  const events = history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...DRAINED);
  const facts = { ...FACTS, complaints: ["consumer-2 exited with code 1: "] };
  expect(judge(events, facts).row).toMatchObject({ verdict: "fail", problems: facts.complaints });
});

test("a failed cell shows its counter-example and the command that runs it again", () => {
  const events = history(...sent("a"), ...FAULT, ...DRAINED);
  const text = describeFailure({ ...judge(events, FACTS), folder: "histories/x" });
  expect(text).toContain('"mid":"a"');
  expect(text).toContain("pnpm chaos --only sqs/cut/send --seed 7");
});

test("the table has a line for each row", () => {
  const { row } = judge(history(...sent("a"), ...FAULT, ...handled("a", "t1"), ...DRAINED), FACTS);
  const [head = "", line = ""] = rowsTable([row]).split("\n");
  expect(head.split(/ {2,}/)).toHaveLength(line.split(/ {2,}/).length);
  expect(line).toMatch(/^sqs +cut +send +1 +0 +0 +0 +0 +3 +pass$/);
});
