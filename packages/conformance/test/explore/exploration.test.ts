import { describe, expect, test } from "vitest";
import { exploreSeed, type Explored } from "../../src/explore/explore-seed.ts";
import { describeExplored } from "../../src/explore/describe-explored.ts";
import { SABOTEURS } from "../sabotage/all.ts";
import { memoryBroker } from "./memory-broker.ts";

/** `pnpm check` looks at fewer. */
const SEEDS = Number(process.env["ANYQUEUE_EXPLORED_SEEDS"] ?? 2_000);
const CHUNK = 100;
const chunks = Array.from({ length: Math.ceil(SEEDS / CHUNK) }, (_, index) => index * CHUNK);

/** Seeds that once showed a defect of the engine, of the broker or of the checker; each with what it was. */
const FIXTURES: readonly (readonly [seed: number, what: string])[] = [
  [4_330, "a message that the service itself dead-letters holds up no follower"],
  [2_942, "an ack whose answer was lost may be counted as handled"],
  [62, "a handler that was told to stop has given up its slot"],
  [54, "a dead letter is gone from its key before its answer is here"],
];

test.each(chunks)("every promise holds in the seeded runs from %i", { timeout: 60_000 }, async (from) => {
  for (let seed = from; seed < from + CHUNK; seed += 1) {
    expect(outcomeOf(await exploreSeed(seed, memoryBroker()))).toBe("pass");
  }
});

test.each(FIXTURES)("seed %i passes: %s", async (seed) => {
  expect(outcomeOf(await exploreSeed(seed, memoryBroker()))).toBe("pass");
});

/** What a failing seed prints is all that is needed to run it again. */
function outcomeOf(explored: Explored): string {
  return explored.verdict.verdict === "pass" ? "pass" : describeExplored(explored);
}

test("the same seed gives the same run", async () => {
  const [first, second] = [await exploreSeed(7, memoryBroker()), await exploreSeed(7, memoryBroker())];
  expect(second.schedule).toEqual(first.schedule);
  // What the engine draws by itself, such as the jitter of its renewals, is not part of the promise.
  expect(second.verdict.counts.confirmed).toBe(first.verdict.counts.confirmed);
});

/** What seeded runs must notice in a broken driver, and by which invariants. */
const CAUGHT: Readonly<Record<string, readonly string[]>> = {
  "says that it acked and does not": ["I-5", "I-7", "I-12"],
  "hands everything over twice": ["I-5", "I-8"],
  "loses the attributes": ["I-4"],
};

describe("a broken driver is noticed within a hundred seeds", () => {
  test.each(Object.entries(CAUGHT))("that %s", { timeout: 60_000 }, async (name, invariants) => {
    const saboteur = SABOTEURS.find((one) => one.name === name);
    expect(saboteur).toBeDefined();
    const broken = new Set<string>();
    for (let seed = 0; seed < 100 && broken.size === 0; seed += 1) {
      const { verdict } = await exploreSeed(seed, memoryBroker(saboteur?.wrap));
      for (const one of verdict.invariants) if (one.verdict === "fail") broken.add(one.id);
    }
    expect([...broken]).toEqual(
      expect.arrayContaining([expect.toSatisfy((id: string) => invariants.includes(id))]),
    );
  });
});
