import { expect, test } from "vitest";
import { OutcomeLog } from "./outcome-log.ts";

test("counts every outcome by message id", () => {
  const log = new OutcomeLog();
  log.count("a", "abandoned");
  log.count("a", "abandoned");
  log.count("a", "completed");
  log.count("b", "deadLettered");
  expect(log.all()).toEqual({ a: { abandoned: 2, completed: 1 }, b: { deadLettered: 1 } });
});

test("forgets the oldest ids of many, never one that is still counted", () => {
  const log = new OutcomeLog();
  for (let round = 0; round < 40_000; round += 1) {
    log.count(`m${String(round)}`, "completed");
    if (round % 1000 === 0) log.count("busy", "abandoned");
  }
  const all = log.all();
  expect(Object.keys(all).length).toBeLessThanOrEqual(20_001);
  expect(all["m0"]).toBeUndefined();
  expect(all["m39999"]).toEqual({ completed: 1 });
  expect(all["busy"]).toEqual({ abandoned: 40 });
});
