import { beforeAll, describe, expect, test } from "vitest";
import { runConformance } from "../src/run.ts";
import type { TargetResults } from "../src/results.ts";
import { memoryHarness } from "./memory-backend.ts";
import { SABOTEURS } from "./sabotage/all.ts";

describe("the suite catches a broken driver", () => {
  let sound: TargetResults;

  beforeAll(async () => {
    sound = await runConformance(memoryHarness("sound"), { only: SABOTEURS.map(({ caughtBy }) => caughtBy) });
  });

  test("there are at least 20 of them, all different", () => {
    expect(new Set(SABOTEURS.map(({ name }) => name)).size).toBe(SABOTEURS.length);
    expect(SABOTEURS.length).toBeGreaterThanOrEqual(20);
  });

  test.each(SABOTEURS)("$caughtBy catches the one that $name", async ({ name, caughtBy, wrap }) => {
    const passes = sound.cases.find(({ id }) => id === caughtBy);
    expect(passes, "the case passes on the sound driver").toMatchObject({ outcome: "passed" });
    const [result] = (await runConformance(memoryHarness(name, wrap), { only: [caughtBy] })).cases;
    expect(result).toMatchObject({ id: caughtBy, outcome: "failed" });
    expect(result?.reason, "caught by the claim, not by the clock").not.toMatch(/real time/);
  });
});
