import type { QueueAdapter } from "@anyqueue/core/adapter";
import { describeExplored, type Explored } from "@anyqueue/conformance";
import { describe, expect, test } from "vitest";
import { SABOTEURS } from "../../packages/conformance/test/sabotage/all.ts";
import { withDeliveries } from "../../packages/conformance/test/sabotage/saboteur.ts";
import { CLOUDS, stageOf, type StageName } from "../chaos/providers.ts";
import { exploreService } from "./explore-service.ts";

/**
 * The same in every run; `pnpm explore 0 1000 --on STAGE` looks for others. From a million on processes die, too.
 */
const SEEDS = [2, 3, 1_000_002, 1_000_005];

describe.each(CLOUDS)("on %s", (name) => {
  test.each(SEEDS)("every promise holds in the run of seed %i", async (seed) => {
    expect(outcomeOf(name, await exploreService(stageOf(name), seed))).toBe("pass");
  });
});

const backwards = (adapter: QueueAdapter): QueueAdapter =>
  withDeliveries(adapter, (deliveries) => deliveries.toReversed());

interface Caught {
  readonly name: string;
  readonly stage: StageName;
  readonly invariant: string;
  /** The first of ten seeds, three of which notice it in every run. */
  readonly from: number;
  /** @default that of the saboteur with this name */
  readonly wrap?: (adapter: QueueAdapter) => QueueAdapter;
}

/** What runs over an SDK must notice in a broken driver, and the invariant that notices it. */
const CAUGHT: readonly Caught[] = [
  { name: "acks what it receives", stage: "sqs", invariant: "I-1", from: 1 },
  { name: "acks what it receives", stage: "pubsub", invariant: "I-1", from: 1 },
  { name: "stores a batch backwards", stage: "sqs-fifo", invariant: "I-9", from: 9 },
  { name: "stores what was sent before", stage: "sqs-fifo", invariant: "I-5", from: 1_000_000 },
  { name: "stores a batch backwards", stage: "service-bus-session", invariant: "I-9", from: 61 },
  { name: "hands over backwards", stage: "pubsub-ordered", invariant: "I-9", from: 1, wrap: backwards },
];

test.each(CAUGHT)(
  "a driver that $name is noticed on $stage",
  async ({ name, stage, invariant, from, wrap }) => {
    const broken = new Set<string>();
    const sabotage = wrap ?? SABOTEURS.find((one) => one.name === name)?.wrap;
    expect(sabotage).toBeDefined();
    for (let seed = from; seed < from + 10 && broken.size === 0; seed += 1) {
      const { verdict } = await exploreService(stageOf(stage), seed, sabotage);
      for (const one of verdict.invariants) if (one.verdict === "fail") broken.add(one.id);
    }
    expect([...broken]).toContain(invariant);
  },
);

/** A failing seed prints everything that is needed to run it again. */
function outcomeOf(name: StageName, explored: Explored): string {
  return explored.verdict.verdict === "pass" ? "pass" : describeExplored(explored, `--on ${name}`);
}
