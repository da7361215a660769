import type { ProducerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { exploreSeed } from "../../src/explore/explore-seed.ts";
import {
  DYING_FROM,
  HARSH_FROM,
  REDRIVEN_FROM,
  scheduleOf,
  WIDE_FROM,
  type Schedule,
} from "../../src/explore/schedule.ts";
import { SABOTEURS } from "../sabotage/all.ts";
import { passing, withConsumer, withMessages, withProducer } from "../sabotage/saboteur.ts";
import { memoryBroker } from "./memory-broker.ts";
import { mute } from "./mute-broker.ts";
import { outcomeOf } from "./outcome-of.ts";
import { plain } from "./plain-broker.ts";

/** `pnpm check` runs fewer. */
const SEEDS = Number(process.env["ANYQUEUE_EXPLORED_SEEDS"] ?? 2_000);
const CHUNK = 100;
const chunks = [
  ...chunksFrom(0, SEEDS),
  ...chunksFrom(HARSH_FROM, SEEDS / 2),
  ...chunksFrom(WIDE_FROM, SEEDS / 2),
  ...chunksFrom(REDRIVEN_FROM, SEEDS / 4),
  ...chunksFrom(DYING_FROM, SEEDS / 4),
];
const plainChunks = [
  ...chunksFrom(WIDE_FROM, SEEDS / 4),
  ...chunksFrom(REDRIVEN_FROM, SEEDS / 4),
  ...chunksFrom(DYING_FROM, SEEDS / 8),
];
const mutedChunks = [...chunksFrom(0, SEEDS / 4), ...chunksFrom(HARSH_FROM, SEEDS / 4)];

const wideMutedChunks = [...chunksFrom(WIDE_FROM, SEEDS / 8), ...chunksFrom(REDRIVEN_FROM, SEEDS / 8)];

function chunksFrom(first: number, seeds: number): readonly number[] {
  return Array.from({ length: Math.ceil(seeds / CHUNK) }, (_, index) => first + index * CHUNK);
}

test.each(chunks)("every promise holds in the seeded runs from %i", { timeout: 60_000 }, async (from) => {
  for (let seed = from; seed < from + CHUNK; seed += 1) {
    expect(outcomeOf(await exploreSeed(seed, memoryBroker()))).toBe("pass");
  }
});

test.each([...mutedChunks, ...wideMutedChunks])(
  "every promise holds where the service takes late settlements without a word, in the runs from %i",
  { timeout: 60_000 },
  async (from) => {
    for (let seed = from; seed < from + CHUNK; seed += 1) {
      expect(outcomeOf(await exploreSeed(seed, memoryBroker(mute), { lateAcks: true }))).toBe("pass");
    }
  },
);

test.each(plainChunks)(
  "every promise holds where the service has no delays, lives and dead letters, in the runs from %i",
  { timeout: 60_000 },
  async (from) => {
    for (let seed = from; seed < from + CHUNK; seed += 1) {
      expect(outcomeOf(await exploreSeed(seed, memoryBroker(plain)))).toBe("pass");
    }
  },
);

/** An ack is remembered for two leases: a consumer that is busy for longer may run what comes after that. */
const AFTER_TWO_LEASES: ReadonlySet<string> = new Set(["I-5", "I-7", "I-12", "I-13"]);
/** Nor does anybody know whether a release came in time for its delay to count. */
const UNKNOWN_LEASES: ReadonlySet<string> = new Set([...AFTER_TWO_LEASES, "I-17"]);

test.each(mutedChunks)(
  "nothing is lost, and no message is in two handlers, where the service forgets renewals, in the runs from %i",
  { timeout: 60_000 },
  async (from) => {
    for (let seed = from; seed < from + CHUNK; seed += 1) {
      if (!hasOneProcess(scheduleOf(seed))) continue;
      const broker = memoryBroker((adapter) => mute(adapter, 3));
      const { verdict } = await exploreSeed(seed, broker, { lateAcks: true });
      const failed = verdict.invariants.filter((one) => one.verdict === "fail").map(({ id }) => id);
      expect(failed.filter((id) => !UNKNOWN_LEASES.has(id))).toEqual([]);
    }
  },
);

/** With two processes, neither can know that the other has the message too. */
function hasOneProcess({ consumers, incidents }: Schedule): boolean {
  return consumers === 1 && incidents.every(({ kind }) => kind !== "kill" && kind !== "restart");
}

test.each([7, HARSH_FROM + 7, 1_002_497, DYING_FROM + 7])(
  "seed %i gives the same run each time",
  async (seed) => {
    const [first, second] = [
      await exploreSeed(seed, memoryBroker()),
      await exploreSeed(seed, memoryBroker()),
    ];
    expect(second.schedule).toEqual(first.schedule);
    expect(second.events).toEqual(first.events);
  },
);

test("a hundred seeds show everything that can go wrong", () => {
  const schedules = Array.from({ length: 100 }, (_, index) => scheduleOf(HARSH_FROM + index));
  const kinds = new Set(schedules.flatMap(({ incidents }) => incidents.map(({ kind }) => kind)));
  expect([...kinds].toSorted()).toEqual([
    "concurrency",
    "fault",
    "hold",
    "jump",
    "kill",
    "kill-producer",
    "lose-leases",
    "pause",
    "restart",
    "stall",
  ]);
  const behaviours = schedules.flatMap(({ messages }) => messages.map(({ behaviour }) => behaviour));
  expect(behaviours.some(({ poison }) => poison)).toBe(true);
  expect(behaviours.some(({ hangs }) => hangs)).toBe(true);
  expect(schedules.some(({ listenerThrows }) => listenerThrows)).toBe(true);
});

interface Caught {
  readonly name: string;
  /** Some of the invariants that notice it. */
  readonly invariants: readonly string[];
  /** First of a hundred seeds. @default 0 */
  readonly from?: number;
  /** True: only where every consumer pulls. @default false */
  readonly isPulled?: boolean;
  /** @default that of the saboteur with this name */
  readonly wrap?: (adapter: QueueAdapter) => QueueAdapter;
}

test("a hundred wide seeds ask for everything that a definition and a consumer have", () => {
  const schedules = Array.from({ length: 100 }, (_, index) => scheduleOf(WIDE_FROM + index));
  const asked = schedules.flatMap(({ features }) => [
    ...(features?.needs ?? []),
    ...(features?.emulate ?? []),
  ]);
  expect([...new Set(asked)].toSorted()).toEqual(["deduplication", "delay", "ttl"]);
  const modes = new Set(schedules.flatMap((schedule) => schedule.modes ?? []));
  expect([...modes].toSorted()).toEqual(["iterate", "receive", "run"]);
  for (const name of ["batch", "prefetch", "promptMs", "rateLimit"] as const)
    expect(schedules.some((schedule) => schedule[name] !== undefined)).toBe(true);
  const behaviours = schedules.flatMap(({ messages }) => messages.map(({ behaviour }) => behaviour));
  expect(behaviours.some(({ isForgotten }) => isForgotten)).toBe(true);
  expect(behaviours.some(({ extendMs }) => extendMs !== undefined)).toBe(true);
});

test("each of a hundred redriven seeds moves dead letters back: all, some, or every other one", () => {
  const schedules = Array.from({ length: 100 }, (_, index) => scheduleOf(REDRIVEN_FROM + index));
  const redrives = schedules.map(({ incidents }) => incidents.filter(({ kind }) => kind === "redrive"));
  expect(redrives.every(({ length }) => length > 0)).toBe(true);
  const all = redrives.flat();
  expect(all.some((one) => "max" in one)).toBe(true);
  expect(all.some((one) => "isFiltered" in one)).toBe(true);
  expect(all.some((one) => !("max" in one) && !("isFiltered" in one))).toBe(true);
});

test("in a hundred dying seeds, processes that move dead letters back die before, during and after a call", () => {
  const schedules = Array.from({ length: 100 }, (_, index) => scheduleOf(DYING_FROM + index));
  const redrives = schedules.flatMap(({ incidents }) => incidents.filter(({ kind }) => kind === "redrive"));
  const deaths = redrives.flatMap((one) => ("diesAt" in one ? [one.diesAt.when] : []));
  expect([...new Set(deaths)].toSorted()).toEqual(["after", "before", "during"]);
  expect(deaths.length).toBeLessThan(redrives.length);
});

/** What seeded runs must notice in a broken driver. */
const CAUGHT: readonly Caught[] = [
  { name: "says that it acked and does not", invariants: ["I-5", "I-7", "I-12"] },
  { name: "hands everything over twice", invariants: ["I-5", "I-8"] },
  { name: "loses the attributes", invariants: ["I-4"] },
  { name: "sends delayed messages at once", invariants: ["I-17"], from: WIDE_FROM },
  { name: "releases at once whatever the delay", invariants: ["I-17"], from: WIDE_FROM },
  { name: "delivers what has expired", invariants: ["I-17"], from: WIDE_FROM },
  { name: "says that it acked and does not", invariants: ["I-7"], from: WIDE_FROM, isPulled: true },
  { name: "delays for too long", invariants: ["I-17"], from: WIDE_FROM, wrap: delaysTooLong },
  { name: "says that it acked and does not", invariants: ["I-5", "I-7", "I-12"], from: REDRIVEN_FROM },
  { name: "hands everything over twice", invariants: ["I-5", "I-8"], from: REDRIVEN_FROM },
  { name: "delivers what has expired", invariants: ["I-17"], from: REDRIVEN_FROM },
  { name: "loses what is moved back", invariants: ["I-1"], from: REDRIVEN_FROM, wrap: losesMoves },
  { name: "moves back twice", invariants: ["I-5", "I-11"], from: REDRIVEN_FROM, wrap: movesTwice },
  { name: "loses dead letters", invariants: ["I-1", "I-11"], from: REDRIVEN_FROM, wrap: losesDeadLetters },
  { name: "keeps what is moved back", invariants: ["I-11", "I-12"], from: REDRIVEN_FROM, wrap: keepsMoved },
  { name: "loses what is moved back", invariants: ["I-1"], from: DYING_FROM, wrap: losesMoves },
  { name: "moves back twice", invariants: ["I-5", "I-11"], from: DYING_FROM, wrap: movesTwice },
];

function isAllPulled({ modes = [] }: Schedule): boolean {
  return modes.length > 0 && modes.every((mode) => mode !== "run");
}

test("a limit of starts that is not kept is noticed", async () => {
  const rateLimit = { count: 1, perMs: 60_000 };
  const { verdict } = await exploreSeed(WIDE_FROM + 1, memoryBroker(), { rateLimit });
  const failed = verdict.invariants.filter((one) => one.verdict === "fail").map(({ id }) => id);
  expect(failed).toEqual(["I-15"]);
});

function losesMoves(adapter: QueueAdapter): QueueAdapter {
  return withMoves(adapter, (driver) => ({
    sendBatch: async (messages) => messages.map(({ id }) => ({ ok: true, value: { providerId: id } })),
    close: async () => await driver.close(),
  }));
}

function movesTwice(adapter: QueueAdapter): QueueAdapter {
  return withMoves(adapter, (driver) => ({
    sendBatch: async (messages, signal) => {
      const again = messages.map((message) => ({ ...message, deduplicationId: crypto.randomUUID() }));
      await driver.sendBatch(again, signal);
      return await driver.sendBatch(messages, signal);
    },
  }));
}

function withMoves(
  adapter: QueueAdapter,
  change: (driver: ProducerDriver) => Partial<ProducerDriver>,
): QueueAdapter {
  const changed = withProducer(adapter, change);
  return {
    ...passing(adapter),
    openProducer: (target, purpose) =>
      (purpose === "redrive" ? changed : adapter).openProducer(target, purpose),
  };
}

function losesDeadLetters(adapter: QueueAdapter): QueueAdapter {
  return withConsumer(adapter, (driver) => ({
    deadLetterBatch: async (items, signal) =>
      await driver.ackBatch(
        items.map(({ handle }) => handle),
        signal,
      ),
  }));
}

/** Who reads dead letters is told that they are gone. */
function keepsMoved(adapter: QueueAdapter): QueueAdapter {
  return withConsumer(adapter, (_driver, _options, target) =>
    target.ref.kind === "dead-letter"
      ? { ackBatch: async (handles) => handles.map(() => ({ ok: true, value: undefined })) }
      : {},
  );
}

function delaysTooLong(adapter: QueueAdapter): QueueAdapter {
  return withMessages(adapter, (message) => {
    const { deliverAtMs } = message;
    return deliverAtMs === undefined ? message : { ...message, deliverAtMs: deliverAtMs + 10_000 };
  });
}

describe("a broken driver is noticed within a hundred seeds", () => {
  test.each(CAUGHT)(
    "that $name",
    { timeout: 60_000 },
    async ({ name, invariants, from = 0, isPulled, wrap }) => {
      const sabotage = wrap ?? SABOTEURS.find((one) => one.name === name)?.wrap;
      expect(sabotage).toBeDefined();
      const broken = new Set<string>();
      for (let seed = from; seed < from + 100 && broken.size === 0; seed += 1) {
        if (isPulled && !isAllPulled(scheduleOf(seed))) continue;
        const { verdict } = await exploreSeed(seed, memoryBroker(sabotage));
        for (const one of verdict.invariants) if (one.verdict === "fail") broken.add(one.id);
      }
      expect([...broken]).toEqual(
        expect.arrayContaining([expect.toSatisfy((id: string) => invariants.includes(id))]),
      );
    },
  );
});
