import { describe, expect, test } from "vitest";
import { findScenario, isCold } from "../src/all-scenarios.ts";
import { loadSteady } from "../src/load-steady.ts";
import { judge, readGoals, scenariosOf, type Goal, type Rounds } from "../src/report/goals.ts";
import { belowFloors, goalTable, scenarioTable } from "../src/report/tables.ts";

const FASTER: Goal = {
  id: "faster",
  text: "ours to theirs",
  scenario: "ours",
  anchor: "theirs",
  measure: "messagesPerSecond",
  compare: ">=",
  gate: 2,
};

describe("a goal", () => {
  test.each([
    ["met", [200, 210, 100]],
    ["near", [100, 110, 210]],
    ["missed", [100, 110, 120]],
  ])("is %s by the ratio of rounds %j to 100", (verdict, speeds) => {
    const result = judge(FASTER, roundsOf(speeds, [100, 100, 100]));
    expect(result).toMatchObject({ id: "faster", verdict, gate: 2, min: Math.min(...speeds) / 100 });
  });

  test("pairs rounds, and does not compare medians", () => {
    // The machine was half as fast in the second and third rounds.
    const result = judge(FASTER, roundsOf([400, 200, 200], [200, 100, 50]));
    expect(result).toMatchObject({ median: 2, min: 2, max: 4, verdict: "met" });
  });

  test("without an anchor is about the measure itself, and less can be better", () => {
    const { anchor: _, ...alone } = FASTER;
    const goal: Goal = { ...alone, compare: "<=", gate: 150 };
    expect(judge(goal, roundsOf([100, 160, 170], []))).toMatchObject({ median: 160, verdict: "near" });
  });

  test.each([
    ["holds", [100, 90, 70], []],
    ["holds by the best round alone", [70, 60, 90], []],
    [
      "does not hold",
      [70, 60, 79],
      ['faster is below its floor: messagesPerSecond of "ours" >= 0.8 was expected, not 0.7 [0.6–0.79]'],
    ],
  ])("has a floor that %s with rounds %j to 100", (_, speeds, below) => {
    const goal: Goal = { ...FASTER, floor: 0.8 };
    const result = judge(goal, roundsOf(speeds, [100, 100, 100]));
    expect(result).toMatchObject({ verdict: "missed", isBelowFloor: below.length > 0 });
    expect(belowFloors([goal], [result])).toEqual(below);
  });

  test("without a floor is below none", () => {
    expect(judge(FASTER, roundsOf([1], [100]))).toMatchObject({ verdict: "missed", isBelowFloor: false });
  });

  test("cannot be judged without its rounds or its measure", () => {
    expect(() => judge(FASTER, new Map())).toThrow('scenario "ours" was not run');
    expect(() => judge({ ...FASTER, measure: "rssMb" }, roundsOf([1], [1]))).toThrow('no measure "rssMb"');
  });
});

describe("goals.json", () => {
  test("names scenarios that exist, and each goal once", () => {
    const goals = readGoals();
    for (const name of scenariosOf(goals)) expect(findScenario(name).name).toBe(name);
    expect(new Set(goals.map(({ id }) => id)).size).toBe(goals.length);
  });

  test("asks of no floor more than of its goal", () => {
    const tooHigh = readGoals().filter(({ compare, gate, floor = gate }) =>
      compare === ">=" ? floor > gate : floor < gate,
    );
    expect(tooHigh).toEqual([]);
  });

  test("names scenarios that a trial can load alone", async () => {
    const steady = scenariosOf(readGoals()).filter((name) => !isCold(findScenario(name)));
    const loaded = await Promise.all(steady.map(loadSteady));
    expect(loaded.map(({ name }) => name)).toEqual(steady);
    await expect(loadSteady("sqs: none")).rejects.toThrow('no scenario "sqs: none"');
  });

  test("compares only scenarios of one kind of server", () => {
    for (const { scenario, anchor = scenario } of readGoals()) {
      expect(findScenario(anchor).stub).toEqual(findScenario(scenario).stub);
    }
  });
});

test("the tables show every goal with its target and every scenario with its medians", () => {
  const rounds = roundsOf([200, 230, 180], [100, 100, 100]);
  expect(goalTable([FASTER], [judge(FASTER, rounds)])).toContain(
    "| ours to theirs | >= 2 | 2 [1.8–2.3] | met |",
  );
  expect(scenarioTable(rounds)).toContain("| ours | 200 |");
});

function roundsOf(ours: readonly number[], theirs: readonly number[]): Rounds {
  const trials = (speeds: readonly number[]): readonly { readonly messagesPerSecond: number }[] =>
    speeds.map((messagesPerSecond) => ({ messagesPerSecond }));
  return new Map([
    ["ours", trials(ours)],
    ["theirs", trials(theirs)],
  ]);
}
