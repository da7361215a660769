import { afterEach, expect, test, vi } from "vitest";
import { scheduleOf } from "./schedule.ts";
import { SeededChoice } from "./seeded-choice.ts";
import { PATIENCE_MS, StressRun } from "./stress-run.ts";

vi.mock("@google-cloud/pubsub", async () => await import("./virtual-sdk.ts"));

/** ANYQUEUE_STRESS_SEEDS=1000 runs more schedules; ANYQUEUE_STRESS_FROM=5000 runs other ones. */
const COUNT = Number(process.env["ANYQUEUE_STRESS_SEEDS"] ?? 60);
const FROM = Number(process.env["ANYQUEUE_STRESS_FROM"] ?? 0);
/**
 * The longest planned delay of a retry (20 s), then a dead connection: deliveries that it swallowed come
 * again when their lease of 60 s is over. Nothing else may take as long.
 */
const LONGEST_IDLE_MS = 85_000;
const RIGHT = "nothing stalls, nothing is lost, nothing overtakes, nobody holds more than allowed";
const SEEDS = Array.from({ length: COUNT }, (_, index) => [FROM + index, RIGHT] as const);
/** Schedules that once found a fault, and the behaviour that it broke. */
const FOUND = [
  [667, "what follows an early message that could not be given back is not handed over"],
  [716, "nor if streams end meanwhile"],
  [1_268, "nor with three consumers"],
  [1_222, "of messages that went back as early the first is handed over first"],
  [85, "what went back early is not held, nor is what follows it"],
  [644, "what is confirmed behind a delivery that is gone is not kept"],
  [1_001, "what follows a message that came again unconfirmed is not handed over"],
  [2_735, "what got no lease under exactly-once is not held, nor is what follows it"],
  [11_589, "settlements are under way until their whole batch is answered"],
  [22_566, "what got no lease holds up its key though the key waited for one before it, with somebody else"],
  [21_778, "what one stream brings just after a message is back on another goes back"],
  [53_984, "what got its lease while a release of its key was repeated takes room"],
  [
    55_706,
    "what follows a message that somebody else may have by now goes back, and is not left to its lease",
  ],
  [4_068, "a repeated release takes nothing away that came again after it"],
] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([...FOUND, ...SEEDS])("seed %i: %s", async (seed) => {
  const jitter = new SeededChoice(seed + 2);
  vi.spyOn(Math, "random").mockImplementation(() => jitter.next());
  const report = await new StressRun(scheduleOf(seed)).run();
  expect(report).toMatchObject({ lost: [], overflows: [], disorder: [], left: 0 });
  expect(report.doneAfterMs).toBeLessThan(PATIENCE_MS);
  expect(report.longestIdleMs).toBeLessThan(LONGEST_IDLE_MS);
});
