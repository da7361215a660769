import type {
  Delivery,
  ItemResult,
  OutgoingMessage,
  QueueAdapter,
  ReleaseItem,
} from "@anyqueue/core/adapter";
import { describeExplored, type Explored } from "@anyqueue/conformance";
import { describe, expect, test } from "vitest";
import { SABOTEURS } from "../../packages/conformance/test/sabotage/all.ts";
import {
  changed,
  withConsumer,
  withDeliveries,
  withProducer,
} from "../../packages/conformance/test/sabotage/saboteur.ts";
import { CLOUDS, stageOf, type StageName } from "../chaos/providers.ts";
import { exploreService } from "./explore-service.ts";

/**
 * The same in every run; `pnpm explore 0 1000 --on STAGE` looks for others. From a million on processes die, too.
 */
const SEEDS = [2, 1_000_002, 1_000_005];

describe.each(CLOUDS)("on %s", (name) => {
  test.each(SEEDS)("every promise holds in the run of seed %i", async (seed) => {
    expect(outcomeOf(name, await exploreService(stageOf(name), seed))).toBe("pass");
  });
});

/** Seeds that once failed. */
const FOUND: readonly (readonly [stage: StageName, seed: number, what: string])[] = [
  [
    "pubsub-ordered",
    2_000_045,
    "what comes when the delay of a release is over by the service's clock goes back",
  ],
  ["pubsub", 2_000_053, "of hand-overs in one millisecond none comes after a release of another"],
  ["service-bus", 2_000_128, "no pull waits for a drain while minutes pass"],
  ["service-bus-session", 4_000_102, "no redrive waits for a completion while minutes pass"],
  ["pubsub-ordered", 4_000_109, "a moved dead letter comes again behind one of its key that was passed over"],
  [
    "service-bus-session",
    2_000_115,
    "what goes back unfinished may be handed out before that by the service's clock",
  ],
];

test.each(FOUND)("on %s, seed %i: %s", async (name, seed) => {
  expect(outcomeOf(name, await exploreService(stageOf(name), seed))).toBe("pass");
});

const backwards = (adapter: QueueAdapter): QueueAdapter =>
  withDeliveries(adapter, (deliveries) => deliveries.toReversed());

/** A session brings one message at a time: no batch has two of one key, so only a retry can be overtaken. */
const retriesLast = (adapter: QueueAdapter): QueueAdapter =>
  withConsumer(adapter, (driver, _options, target) => {
    const received = new Map<unknown, Delivery<unknown>>();
    const release = async (item: ReleaseItem<unknown>, signal: AbortSignal): Promise<ItemResult> => {
      const delivery = received.get(item.handle);
      if (delivery === undefined || item.cause === "unstarted")
        return await first(driver.releaseBatch([item], signal));
      const copy = changed(delivery, { deduplicationId: crypto.randomUUID() }) as OutgoingMessage;
      const sent = await first(adapter.openProducer(target).sendBatch([copy], signal));
      return sent.ok ? await first(driver.ackBatch([item.handle], signal)) : sent;
    };
    return {
      async receiveBatch(ask, signal) {
        const deliveries = await driver.receiveBatch(ask, signal);
        for (const delivery of deliveries) received.set(delivery.handle, delivery);
        return deliveries;
      },
      releaseBatch: async (items, signal) =>
        await Promise.all(items.map(async (item) => await release(item, signal))),
    };
  });

/** Whatever is sent to another queue than the explored one is a dead letter. */
const buriesTwice = (adapter: QueueAdapter): QueueAdapter =>
  withProducer(adapter, (driver, { entity }) => ({
    async sendBatch(messages, signal) {
      if (entity !== "explored") await driver.sendBatch(messages, signal);
      return await driver.sendBatch(messages, signal);
    },
  }));

async function first<Result>(results: Promise<readonly Result[]>): Promise<Result> {
  const [result] = await results;
  if (result === undefined) throw new Error("no result");
  return result;
}

interface Caught {
  readonly name: string;
  readonly stage: StageName;
  readonly invariant: string;
  /** Each of them noticed it in each of a dozen runs. */
  readonly seeds: readonly number[];
  /** @default that of the saboteur with this name */
  readonly wrap?: (adapter: QueueAdapter) => QueueAdapter;
}

/** What runs over an SDK must notice in a broken driver, and the invariant that notices it. */
const CAUGHT: readonly Caught[] = [
  { name: "acks what it receives", stage: "sqs", invariant: "I-1", seeds: [1, 2, 3] },
  { name: "acks what it receives", stage: "pubsub", invariant: "I-1", seeds: [1, 2, 3] },
  { name: "stores a batch backwards", stage: "sqs-fifo", invariant: "I-9", seeds: [9, 14, 18] },
  {
    name: "stores what was sent before",
    stage: "sqs-fifo",
    invariant: "I-5",
    seeds: [1_000_000, 1_000_001, 1_000_002],
  },
  { name: "stores a batch backwards", stage: "service-bus-session", invariant: "I-9", seeds: [65, 67, 125] },
  {
    name: "sends a failed message anew",
    stage: "service-bus-session",
    invariant: "I-9",
    seeds: [1, 2, 3],
    wrap: retriesLast,
  },
  {
    name: "hands over backwards",
    stage: "pubsub-ordered",
    invariant: "I-9",
    seeds: [1, 2, 4],
    wrap: backwards,
  },
  {
    name: "sends dead letters twice",
    stage: "pubsub-ordered",
    invariant: "I-11",
    // In the first, the service takes a dead letter back behind an earlier message, which excuses no other one.
    seeds: [1_000_181, 1, 2],
    wrap: buriesTwice,
  },
];

test.each(CAUGHT)(
  "a driver that $name is noticed on $stage",
  async ({ name, stage, invariant, seeds, wrap }) => {
    const broken = new Set<string>();
    const sabotage = wrap ?? SABOTEURS.find((one) => one.name === name)?.wrap;
    expect(sabotage).toBeDefined();
    for (const seed of seeds) {
      if (broken.has(invariant)) break;
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
