import { DeadLetterError, RetryError } from "@anyqueue/core";
import type { ItemResult } from "@anyqueue/core/adapter";
import fc from "fast-check";
import { expect, test } from "vitest";
import { eventBench, eventually, orderDelivery, untilAborted } from "./event-bench.ts";

const OK: ItemResult = { ok: true, value: undefined };

type Doing = "return" | "throw" | "retry" | "dead-letter" | "hang" | "hang-deaf";

interface Plan {
  readonly doing: Doing;
  readonly key: string | undefined;
  readonly takesMs: number;
  readonly attempt: number;
  readonly isDecodable: boolean;
  readonly isMovable: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  doing: fc.constantFrom<Doing>("return", "return", "throw", "retry", "dead-letter", "hang", "hang-deaf"),
  key: fc.constantFrom(undefined, undefined, "a", "b", "c"),
  takesMs: fc.integer({ min: 0, max: 4_000 }),
  attempt: fc.integer({ min: 1, max: 4 }),
  // One in eight cannot be decoded.
  isDecodable: fc.integer({ min: 0, max: 7 }).map((value) => value > 0),
  isMovable: fc.boolean(),
});

const run = fc.record({
  plans: fc.array(plan, { maxLength: 30 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  timeoutMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  handlerTimeout: fc.constantFrom(undefined, "2s", "1h"),
  failureScope: fc.constantFrom("key" as const, "batch" as const),
  canDeadLetter: fc.boolean(),
});

type Run = typeof run extends fc.Arbitrary<infer Value> ? Value : never;

/** What happened to each delivery, by its index in the event. */
interface Traces {
  readonly handled: Map<number, number>;
  readonly moved: Map<number, number>;
  readonly doneInOrder: number[];
}

async function perform({
  plans,
  canDeadLetter,
  ...given
}: Run): Promise<{ kinds: string[]; traces: Traces }> {
  const traces: Traces = { handled: new Map(), moved: new Map(), doneInOrder: [] };
  const bench = eventBench(
    async ({ id }, { signal }) => {
      const place = Number(id);
      traces.handled.set(place, (traces.handled.get(place) ?? 0) + 1);
      const { doing = "return", takesMs = 0 } = plans[place] ?? {};
      await wait(takesMs);
      if (doing === "throw") throw new Error("down");
      if (doing === "retry") throw new RetryError({ delay: "1m" });
      if (doing === "dead-letter") throw new DeadLetterError("bad");
      if (doing === "hang") await untilAborted(signal);
      if (doing === "hang-deaf") await new Promise(() => {});
      traces.doneInOrder.push(place);
    },
    {
      options: { concurrency: given.concurrency, handlerTimeout: given.handlerTimeout },
      batch: {
        failureScope: given.failureScope,
        settle: canDeadLetter
          ? {
              deadLetterBatch: async (items) =>
                items.map(({ handle }) => {
                  const place = Number(handle);
                  if (plans[place]?.isMovable !== true) return { ok: false, error: new Error("refused") };
                  traces.moved.set(place, (traces.moved.get(place) ?? 0) + 1);
                  return OK;
                }),
            }
          : {},
      },
    },
  );
  const wait = async (ms: number): Promise<void> =>
    await new Promise<void>((resolve) => void bench.clock.setTimer(resolve, ms));
  const deliveries = plans.map(({ key, attempt, isDecodable }, place) =>
    orderDelivery(String(place), {
      handle: String(place),
      deliveryCount: attempt,
      ...(key === undefined ? {} : { orderingKey: key }),
      ...(isDecodable ? {} : { body: new TextEncoder().encode("{") }),
    }),
  );
  // A hanging handler ends by its own limit where the platform sets none.
  const needsEnd = given.timeoutMs === undefined && given.handlerTimeout !== "2s";
  const timeout = needsEnd ? { timeoutMs: 20_000 } : { timeoutMs: given.timeoutMs };
  const event =
    timeout.timeoutMs === undefined ? { deliveries } : { deliveries, timeoutMs: timeout.timeoutMs };
  const outcomes = await eventually(bench.clock, bench.call(event));
  return { kinds: outcomes.map(({ kind }) => kind), traces };
}

test("every delivery of any event is acked, reported failed or dead-lettered exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(run, async (given) => {
      const { kinds, traces } = await perform(given);
      expect(kinds).toHaveLength(given.plans.length);
      for (const [place, kind] of kinds.entries()) {
        expect(traces.handled.get(place) ?? 0).toBeLessThanOrEqual(1);
        expect(traces.moved.get(place) ?? 0).toBe(kind === "dead-letter" ? 1 : 0);
      }
      const acked = places(kinds, "ack");
      expect(acked.filter((place) => !traces.doneInOrder.includes(place))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("of a key nothing is done after what stays in the queue, and all that is done is done in order", async () => {
  await fc.assert(
    fc.asyncProperty(run, async (given) => {
      const { kinds, traces } = await perform(given);
      for (const key of ["a", "b", "c"]) {
        const ofKey = given.plans.flatMap((one, place) => (one.key === key ? [place] : []));
        const staying = ofKey.filter((place) => kinds[place] === "release");
        const settled = ofKey.filter((place) => kinds[place] !== "release");
        expect(Math.max(...settled, -1)).toBeLessThan(Math.min(...staying, Number.POSITIVE_INFINITY));
        const done = traces.doneInOrder.filter((place) => ofKey.includes(place));
        expect(done).toEqual(done.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 150 },
  );
});

function places(kinds: readonly string[], wanted: string): readonly number[] {
  return kinds.flatMap((kind, place) => (kind === wanted ? [place] : []));
}
