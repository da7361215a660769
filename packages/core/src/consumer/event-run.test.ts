import { describe, expect, test } from "vitest";
import { aliveClock } from "../../test/alive-clock.ts";
import type { EventBatch, Outcome } from "../driver/event-source.ts";
import { DeadLetterError } from "../errors/handler-errors.ts";
import { RESERVED } from "../message/attributes.ts";
import { defineQueue } from "../message/queue-definition.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { createEventEngine, type EventEngineOptions } from "./event-engine.ts";

const orders = defineQueue("orders", { retry: { attempts: 3, delay: "7s" } });
const refused = new Error("down");
type Given = EventBatch["deliveries"][number];

/** Handles one batch. The name of a message says what the handler does with it. */
async function outcomesOf(
  names: readonly string[],
  batch: Partial<EventBatch> = {},
  options: EventEngineOptions = {},
): Promise<{ readonly outcomes: readonly Outcome[]; readonly runs: readonly string[] }> {
  const clock = createVirtualClock();
  const runs: string[] = [];
  const engine = createEventEngine(
    orders,
    {
      handler: ({ id }) => {
        runs.push(id);
        if (id.startsWith("dead")) throw new DeadLetterError("bad");
        if (id.startsWith("fails")) throw refused;
      },
    },
    { clock, concurrency: 1, ...options },
  );
  const early = { [RESERVED.due]: String(clock.wallNow() + 9_000) };
  const deliveries = names.map((id) =>
    delivery<unknown>(id, { id, providerId: id, attributes: id.startsWith("early") ? early : {} }),
  );
  const { outcomes } = await engine.process({ deliveries, ...batch });
  return { outcomes, runs };
}

describe("a batch that fails as a whole", () => {
  const whole = { failureScope: "batch" } as const;
  const native = {
    deadLetterBatch: async (items: readonly unknown[]) =>
      items.map(() => ({ ok: true, value: undefined }) as const),
  };

  test.each([
    ["stops after a failure", "fails", {}, ["a", "fails"]],
    ["stops after a dead letter that stays in its queue", "dead", {}, ["a", "dead"]],
    ["goes on after a dead letter that was moved", "dead", { settle: native }, ["a", "dead", "z"]],
    ["goes on after what was only early", "early", {}, ["a", "z"]],
  ] as const)("%s", async (_claim, name, batch, expected) => {
    const { outcomes, runs } = await outcomesOf(["a", name, "z"], { ...whole, ...batch });
    expect(runs).toEqual(expected);
    const last = { kind: "release", delayMs: 0, cause: "unstarted" };
    expect(outcomes[2]).toEqual(expected.some((run) => run === "z") ? { kind: "ack" } : last);
  });

  test("is not what a batch is unless it says so", async () => {
    expect((await outcomesOf(["a", "fails", "z"])).runs).toEqual(["a", "fails", "z"]);
  });
});

describe("what a source gives", () => {
  const wrong = { ...delivery<unknown>("wrong"), providerId: "" };
  const adapter = { name: "mine", classify: () => ({ code: "INTERNAL", retryable: false }) as const };
  const [a, z] = ["a", "z"].map((id) => delivery<unknown>(id, { id, providerId: id })) as [Given, Given];
  const refused = {
    kind: "release",
    error: { code: "INTERNAL", message: expect.stringMatching(/"mine" broke rule D5 .*providerId .*empty/u) },
  };

  test("and is no delivery comes again, and the others are handled", async () => {
    const notices: string[] = [];
    const listener = { notice: ({ text }: { readonly text: string }) => void notices.push(text) };
    const given = [a, wrong, null as unknown as Given, z];
    const { outcomes, runs } = await outcomesOf([], { deliveries: given, adapter }, { listener });
    expect(runs).toEqual(["a", "z"]);
    expect(outcomes).toMatchObject([{ kind: "ack" }, refused, refused, { kind: "ack" }]);
    expect(notices).toEqual([expect.stringContaining("broke rule D5")]);
  });

  test("and is no delivery stops a batch that fails as a whole", async () => {
    const batch = { deliveries: [a, wrong, z], adapter, failureScope: "batch" } as const;
    const { outcomes, runs } = await outcomesOf([], batch);
    expect(runs).toEqual(["a"]);
    expect(outcomes).toMatchObject([{ kind: "ack" }, refused, { kind: "release" }]);
  });

  test.each([undefined, null, {}])("is refused as a whole without a list (%s)", async (deliveries) => {
    await expect(outcomesOf([], { deliveries } as unknown as EventBatch)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringMatching(/rule D1 .*came instead of a list of deliveries/u),
    });
  });
});

// Azure says no deadline: a test that only awaits the function ended while a failed message waited for its delay.
test.each([undefined, 60_000])(
  "a call with %s ms left keeps the process alive until its end",
  async (leftMs) => {
    const clock = createVirtualClock();
    const alive = aliveClock(clock);
    const ended = Promise.withResolvers<void>();
    const engine = createEventEngine(orders, { handler: async () => await ended.promise }, { clock: alive });
    const deliveries = [delivery<unknown>("a", { id: "a", providerId: "a" })];
    const result = engine.process({ deliveries, ...(leftMs !== undefined && { remainingMs: () => leftMs }) });
    await clock.settle();
    expect(alive.keptAlive).toBe(1);
    ended.resolve();
    await result;
    expect(alive.keptAlive).toBe(0);
  },
);

describe("the outcome of a delivery", () => {
  test("that failed has its delay and its error, one that is early has no error", async () => {
    const { outcomes } = await outcomesOf(["fails", "early"]);
    expect(outcomes).toStrictEqual([
      { kind: "release", delayMs: 7_000, cause: "retry", error: refused },
      { kind: "release", delayMs: 9_000, cause: "unstarted" },
    ]);
  });

  test("that could not be dead-lettered is a release with the reason", async () => {
    const { outcomes } = await outcomesOf(["dead"]);
    expect(outcomes).toMatchObject([
      { kind: "release", delayMs: 300_000, cause: "retry", error: { code: "UNSUPPORTED" } },
    ]);
  });

  test("that was moved is a dead letter", async () => {
    const deadLetterBatch = async (items: readonly unknown[]) =>
      items.map(() => ({ ok: true, value: undefined }) as const);
    const { outcomes } = await outcomesOf(["dead"], { settle: { deadLetterBatch } });
    expect(outcomes).toMatchObject([{ kind: "dead-letter", reason: "bad" }]);
  });

  test("whose ack could not be confirmed is a retry with the error", async () => {
    const ackBatch = async (items: readonly unknown[]) =>
      items.map(() => ({ ok: false, error: refused }) as const);
    const { outcomes } = await outcomesOf(["a"], { settle: { ackBatch } });
    expect(outcomes).toMatchObject([
      { kind: "release", delayMs: 0, cause: "retry", error: { code: "INTERNAL", cause: refused } },
    ]);
  });
});
