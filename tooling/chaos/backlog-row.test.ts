import { expect, test } from "vitest";
import { BACKLOG, type ConsumerReport, type Fates } from "./backlog-plan.ts";
import { backlogRow, type BacklogFacts } from "./backlog-row.ts";

const REPORT: ConsumerReport = {
  kind: "report",
  handled: 20_000,
  acked: 20_000,
  handledSlowly: 1_100,
  handledTwice: 0,
  mostHandlers: 100,
  mostHeld: 200,
  mostHeapMb: 40,
  mostRssMb: 200,
  liveSlowMb: 24,
  liveMb: 26,
  errors: {},
  marks: new Uint8Array(),
};
const FATES: Fates = { left: 980_000, lost: 0, undone: 0, deadLetters: 0 };
const GOOD: BacklogFacts = {
  cell: { provider: "sqs", fault: BACKLOG, phase: "handle" },
  seed: 3,
  size: 1_000_000,
  confirmed: 1_000_000,
  out: 240,
  report: REPORT,
  fates: FATES,
};

test("a consumer that took what it could do and no more passes", () => {
  expect(backlogRow(GOOD)).toMatchObject({
    provider: "sqs",
    fault: "backlog",
    phase: "handle",
    seed: 3,
    confirmed: 1_000_000,
    lost: 0,
    verdict: "pass",
    problems: [],
  });
});

test.each<readonly [what: string, report: Partial<ConsumerReport>]>([
  ["the live heap", { liveSlowMb: 60, liveMb: 60 }],
  ["its growth", { liveSlowMb: 20, liveMb: 40 }],
  ["the heap", { mostHeapMb: 120 }],
  ["the memory of the process", { mostRssMb: 400 }],
  ["handlers at once", { mostHandlers: 101 }],
  ["messages in the consumer", { mostHeld: 1_200 }],
  ["messages that were handled twice", { handledTwice: 1 }],
  ["messages that slow handlers were to do", { handledSlowly: 10 }],
  ["messages that fast handlers were to do", { handledSlowly: 19_999 }],
  ["2 times lease-lost", { errors: { "lease-lost": 2 } }],
])("%s fails a run that is good otherwise", (what, report) => {
  const row = backlogRow({ ...GOOD, report: { ...REPORT, ...report } });
  expect(row).toMatchObject({ verdict: "fail", problems: [expect.stringContaining(what)] });
});

test.each<readonly [what: string, facts: Partial<BacklogFacts>]>([
  ["confirmed sends", { confirmed: 999_999 }],
  ["messages out of the service", { out: 5_000 }],
  ["messages that were lost", { fates: { ...FATES, lost: 1 } }],
  ["messages that were there after their ack", { fates: { ...FATES, undone: 1 } }],
  ["messages that are left", { fates: { ...FATES, left: 980_001 } }],
  ["dead letters", { fates: { ...FATES, deadLetters: 1 } }],
])("%s that are not as they should be fail a run that is good otherwise", (what, facts) => {
  const row = backlogRow({ ...GOOD, ...facts });
  expect(row).toMatchObject({ verdict: "fail", problems: [expect.stringContaining(what)] });
});
