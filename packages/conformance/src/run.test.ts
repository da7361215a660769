import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryHarness } from "../test/memory-backend.ts";
import { saboteur as losesIds } from "../test/sabotage/loses-id.ts";
import { withConsumer } from "../test/sabotage/saboteur.ts";
import { createGate } from "./gate.ts";
import type { Harness } from "./harness.ts";
import { formatMatrix, publishable, publishValue, type CaseResult } from "./results.ts";
import { runConformance } from "./run.ts";
import { CASES } from "./suite.ts";

const memory = memoryHarness("memory");

async function runOne(
  id: string,
  harness: Harness = memory,
  known: readonly string[] = [],
): Promise<CaseResult> {
  const knownGaps = known.map((gap) => ({ id: gap, reason: "it is slow there", issue: "#12" }));
  const { cases } = await runConformance(harness, { only: [id], knownGaps });
  const [result] = cases;
  if (result === undefined) throw new Error(`no result of ${id}`);
  return result;
}

/** The same broker with other answers. */
function altered(change: (backend: Awaited<ReturnType<Harness["open"]>>) => object): Harness {
  return {
    name: "altered",
    async open() {
      const backend = await memory.open();
      return { ...backend, ...change(backend) };
    },
  };
}

describe("a run", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test("has at least 100 cases, each with an id of its own and a numbered rule", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(100);
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
    for (const { id, rule } of CASES) {
      expect(id).toMatch(/^[A-Z]{4}-\d\d$/u);
      expect(rule).toMatch(/^D\d{1,2}$/u);
    }
  });

  test("runs the negative twin where a capability is absent", async () => {
    expect(await runOne("ORDR-11")).toMatchObject({ outcome: "negative", missing: ["unordered"] });
  });

  test("calls a case without its hook not applicable if the harness says why", async () => {
    const result = await runOne("PROD-12");
    expect(result.outcome).toBe("not-applicable");
    expect(result.reason).toMatch(/no other SDK/u);
  });

  test("fails a case without its hook if the harness is silent", async () => {
    const silent = altered(() => ({ absent: undefined }));
    expect(await runOne("PROD-12", silent)).toMatchObject({ outcome: "failed" });
  });

  test.each(["CONC-03", "SETL-09"])(
    "passes %s where an ask that does not wait may bring nothing though something is there",
    async (id) => {
      const sparing = memoryHarness("sparing", (adapter) =>
        withConsumer(adapter, (driver) => {
          let asks = 0;
          const isSpared = (): boolean => (asks += 1) % 3 !== 0;
          return {
            receiveBatch: async (ask, signal) =>
              ask.waitMs === 0 && isSpared() ? [] : await driver.receiveBatch(ask, signal),
          };
        }),
      );
      expect(await runOne(id, sparing)).toMatchObject({ outcome: "passed" });
    },
  );

  test("fails a case that lasts too long", async () => {
    const stuck = altered(() => ({ createQueue: firstThenNever() }));
    const { cases } = await runConformance(stuck, { only: ["PROD-01"], caseTimeoutMs: 50 });
    expect(cases[0]?.reason).toMatch(/not done after 50 ms of real time/u);
  });

  test("ends a case that lasts too long before the next one: time is no longer its to move", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let moves = 0;
    const late = createGate();
    const slow = altered(({ time }) => ({
      // Time does not pass before the deadline has, as on a machine that hangs.
      time: {
        ...time,
        advance: async () => {
          moves += 1;
          await late.opened;
        },
      },
    }));
    let isOver = false;
    const running = runConformance(slow, { only: ["RTRY-03"], caseTimeoutMs: 700 }).finally(() => {
      isOver = true;
    });
    while (moves === 0) await nextTurn();
    while (!isOver) {
      vi.advanceTimersByTime(700);
      await nextTurn();
    }
    const { cases } = await running;
    expect(cases[0]?.reason).toMatch(/not done after 700 ms of real time/u);
    expect(moves).toBe(1);
    late.open();
    for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    expect(moves).toBe(1);
  });
});

describe("known gaps", () => {
  const broken = memoryHarness("broken", (adapter) => ({
    name: adapter.name,
    resolve: (ref) => adapter.resolve(ref),
    openProducer: (target) => {
      const driver = adapter.openProducer(target);
      return {
        sizeOf: () => 0,
        sendBatch: (messages, signal) => driver.sendBatch(messages, signal),
        close: () => driver.close(),
      };
    },
    openConsumer: (target, options) => adapter.openConsumer(target, options),
    classify: (error, during) => adapter.classify(error, during),
    close: () => adapter.close(),
  }));

  test("are reported as such while they fail", async () => {
    expect(await runOne("ERRS-04", broken, ["ERRS-04"])).toMatchObject({
      outcome: "known-gap",
      reason: "it is slow there",
    });
  });

  test("fail the run once they pass", async () => {
    expect(await runOne("ERRS-04", memory, ["ERRS-04"])).toMatchObject({ outcome: "failed" });
  });

  test("are refused if there is no such case", async () => {
    await expect(runOne("ERRS-04", memory, ["ERRS-99"])).rejects.toThrow("there is no such case");
  });
});

describe("results", () => {
  test("of a failed case say what was expected and what came", async () => {
    const { outcome, reason } = await runOne("PROD-10", memoryHarness("altered", losesIds.wrap));
    expect(outcome).toBe("failed");
    expect(reason).toMatch(
      /^the delivery has the id that the caller gave \(expected '[^']+', got '[^']+'\)$/u,
    );
  });

  test("are printed as one mark a case", async () => {
    const results = await runConformance(memory, { only: ["PROD-01", "PROD-12", "ORDR-11"] });
    const [header, prod, ordr, totals] = formatMatrix([results]).split("\n");
    expect(header?.trim()).toBe("memory");
    expect(prod).toBe("PROD  ●·");
    expect(ordr).toBe("ORDR  ○");
    expect(totals?.trim()).toBe("1 passed, 1 negative, 0 failed");
  });

  test("are published without what changes from run to run", async () => {
    const results = await runConformance(memory, { only: ["PROD-01"] });
    const published = publishable(results);
    expect(published).toMatchObject({
      target: "memory",
      passed: 1,
      cases: [{ id: "PROD-01", outcome: "passed" }],
    });
    expect(JSON.parse(JSON.stringify(published, publishValue))).toMatchObject({
      limits: { lease: { totalMs: "unlimited" }, attributes: { reservedPrefixes: "" } },
    });
  });
});

/** Creates the queue for finding the facts, but never the case's own. */
function firstThenNever(): (request: { readonly name: string }) => Promise<{ readonly entity: string }> {
  let calls = 0;
  return async ({ name }) => {
    calls += 1;
    if (calls === 1) return { entity: name };
    return await new Promise<never>(() => undefined);
  };
}
