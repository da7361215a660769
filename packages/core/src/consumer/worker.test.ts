import { describe, expect, test } from "vitest";
import { keyed, workerBench } from "../../test/worker-bench.ts";
import { QueueError } from "../errors/queue-error.ts";
import { HeldDelivery } from "./held-delivery.ts";

const CLOSING = new QueueError("CANCELLED", { what: "closing" });

describe("what comes in", () => {
  test("is held with its lease less the stall, counts as outstanding, and starts as far as permits go", async () => {
    const { log, runs, worker, dispatcher, accept } = workerBench({ limit: 2 });
    await accept("a1", "b1", "c1");
    expect(log).toEqual(["a1 held for 59500", "b1 held for 59500", "c1 held for 59500"]);
    expect(runs.map(({ id }) => id)).toEqual(["a1", "b1"]);
    expect([worker.outstanding, worker.active, worker.ended, dispatcher.readyCount]).toEqual([3, 2, 0, 1]);
  });

  test("runs one of its key at a time where order is kept, and all at once where it is not", async () => {
    const ordered = workerBench({ isOrdered: true });
    await ordered.accept("a1", "a2", "b1");
    expect(ordered.runs.map(({ id }) => id)).toEqual(["a1", "b1"]);
    expect(ordered.lanes?.waiting).toBe(1);
    const free = workerBench();
    await free.accept("a1", "a2", "b1");
    expect(free.runs.map(({ id }) => id)).toEqual(["a1", "a2", "b1"]);
  });

  test("without a key runs beside all others", async () => {
    const { clock, runs, worker } = workerBench({ isOrdered: true });
    const { orderingKey: _key, ...keyless } = keyed("x1");
    worker.accept([keyless, { ...keyless, id: "x2" }], 1, 0);
    await clock.settle();
    expect(runs.map(({ id }) => id)).toEqual(["x1", "x2"]);
  });

  test("behind a failed message of its key follows after as long as that takes", async () => {
    const { clock, log, lanes, worker, runs } = workerBench({ isOrdered: true });
    const failed = new HeldDelivery(keyed("a1"), "a", 1);
    lanes?.place(failed, "a", 0);
    lanes?.block(failed);
    lanes?.vacate(failed);
    lanes?.confirmBlock(failed, 800, 1);
    worker.accept([keyed("a2")], 2, 0);
    await clock.settle();
    expect(log).toEqual(["a2 held for 60000", "a2 follows after 800"]);
    expect(runs).toEqual([]);
  });

  test("too late goes back", () => {
    const { log, worker } = workerBench();
    worker.refuse([keyed("a1"), keyed("b1")], 3);
    expect(log).toEqual(["a1 held for 60000", "a1 given back", "b1 held for 60000", "b1 given back"]);
    expect(worker.outstanding).toBe(2);
  });

  test("whose lease may have run out is lost and takes no permit", async () => {
    const { log, state, runs, dispatcher, accept } = workerBench();
    state.leftMs = 0;
    await accept("a1");
    expect(log.at(-1)).toMatch(/^a1 LEASE_LOST.*before a handler could start/u);
    expect([runs.length, dispatcher.running]).toEqual([0, 0]);
  });

  test("that no handler shall see takes no permit", async () => {
    const { memory, log, runs, dispatcher, worker, accept } = workerBench();
    memory.add({ providerId: "a1" });
    await accept("a1");
    expect(log.at(-1)).toBe("a1 ack");
    expect([runs.length, dispatcher.running, worker.active]).toEqual([0, 0, 0]);
  });
});

describe("a run", () => {
  test("that returns acks, frees its permit for the next and says that there is room", async () => {
    const { clock, events, log, counts, worker, accept, run } = workerBench({ limit: 1 });
    await clock.advance(100);
    await accept("a1", "b1");
    await clock.advance(250);
    await run("a1").end();
    expect(log).toContain("a1 ack");
    expect(events.of("handled")).toEqual([
      { target: "fake://here/orders", id: "a1", attempt: 1, outcome: "ack", durationMs: 250 },
    ]);
    expect([worker.active, worker.ended, counts.room, counts.idle]).toEqual([1, 1, 1, 0]);
    await run("b1").end();
    expect([worker.active, worker.ended, counts.room, counts.idle]).toEqual([0, 2, 2, 1]);
  });

  test("that throws is retried and reported with its error", async () => {
    const { events, log, accept, run } = workerBench();
    await accept("a1");
    const error = new Error("no");
    await run("a1").fail(error);
    expect(log.at(-1)).toBe("a1 release retry");
    expect(events.of("handled")).toMatchObject([{ id: "a1", outcome: "release", error }]);
  });

  test("is not reported where nobody listens, unless it failed", async () => {
    const { events, accept, run } = workerBench();
    events.isActive = (name) => name !== "handled";
    await accept("a1", "b1");
    await run("a1").end();
    expect(events.seen).toEqual([]);
    await run("b1").fail(new Error("no"));
    expect(events.of("handled")).toMatchObject([{ id: "b1", outcome: "release" }]);
  });

  test("that outlived its lease is lost: its result is late, and its key goes on", async () => {
    const { events, log, state, runs, accept, run } = workerBench({ isOrdered: true });
    await accept("a1", "a2");
    state.leftMs = 0;
    const ended = run("a1").end();
    state.leftMs = 0;
    await ended;
    expect(log).toContainEqual(expect.stringMatching(/^a1 LEASE_LOST.*while the handler was running/u));
    expect(events.of("late-result")).toEqual([
      { target: "fake://here/orders", id: "a1", result: "returned" },
    ]);
    expect(events.of("handled")).toEqual([]);
    expect(runs).toHaveLength(1); // the next delivery of the key was lost as well
    expect(log.at(-1)).toMatch(/^a2 LEASE_LOST/u);
  });

  test("that was stopped by a drain and fails for it goes back", async () => {
    const { events, log, worker, accept, run } = workerBench();
    await accept("a1", "b1", "c1");
    worker.abortAll(CLOSING);
    expect(run("a1").signal.reason).toBe(CLOSING);
    await run("a1").fail(CLOSING);
    expect(log.at(-1)).toBe("a1 release unstarted");
    await run("b1").end(); // the handler ended all the same
    expect(log.at(-1)).toBe("b1 ack");
    expect(events.of("handled").map(({ outcome, error }) => [outcome, error])).toEqual([
      ["release", undefined],
      ["ack", undefined],
    ]);
  });

  test("that a drain waits for no longer goes back, whatever it does; its late end is reported", async () => {
    const { events, log, worker, accept, run } = workerBench();
    await accept("a1", "b1");
    await run("b1").end();
    worker.giveBackRunning();
    expect(log.at(-1)).toBe("a1 release unstarted");
    await run("a1").fail(new Error("too late"));
    expect(events.of("late-result")).toMatchObject([{ id: "a1", result: "threw" }]);
    expect(worker.active).toBe(0);
  });
});

describe("a run with a time limit", () => {
  const limited = { over: { handlerTimeoutMs: 5_000 } };

  test("is woken when that is over, or the delivery was held as long as it may be", async () => {
    const { log, worker, clock, accept } = workerBench(limited);
    await clock.advance(1_000);
    await accept("a1");
    expect(log.at(-1)).toBe("a1 wakes at 6000");
    const capped = new HeldDelivery(keyed("b1"), "b", 1);
    capped.capAtMs = 3_000;
    worker.start(capped);
    expect(log.at(-1)).toBe("b1 wakes at 3000");
  });

  test("has no wake without a limit", async () => {
    const { log, accept } = workerBench();
    await accept("a1");
    expect(log).toEqual(["a1 held for 59500"]);
  });

  test("is aborted then, retried, and its permit is free although it runs on", async () => {
    const { clock, events, log, counts, runs, heldOf, worker, accept, run } = workerBench({
      limit: 1,
      ...limited,
    });
    await accept("a1", "b1");
    const held = heldOf("a1");
    await clock.advance(5_000);
    worker.wake(held);
    await clock.settle();
    expect(run("a1").signal.reason).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("5000 ms"),
      remedy: expect.stringContaining("handlerTimeout"),
      target: "fake://here/orders",
    });
    expect(log).toContain("a1 release retry");
    expect(events.of("handled")).toMatchObject([
      { id: "a1", outcome: "release", durationMs: 5_000, error: { code: "TIMEOUT" } },
    ]);
    expect(runs.map(({ id }) => id)).toEqual(["a1", "b1"]);
    expect([worker.active, counts.room]).toEqual([2, 1]);
    await run("a1").end();
    expect(events.of("late-result")).toMatchObject([{ id: "a1", result: "returned" }]);
    expect(log.filter((line) => line.startsWith("a1 ack"))).toEqual([]);
  });

  test("that was held as long as it may be has lost its lease", async () => {
    const { clock, heldOf, worker, accept, run } = workerBench();
    await accept("a1");
    const held = heldOf("a1");
    held.capAtMs = 8_000;
    await clock.advance(8_000);
    worker.wake(held);
    expect(run("a1").signal.reason).toMatchObject({ code: "LEASE_LOST" });
  });
});

describe("a wake", () => {
  test("of what waits gives it back; of what is decided it is the executor's business", async () => {
    const { log, heldOf, worker, accept, run } = workerBench({ limit: 1 });
    await accept("a1", "b1");
    worker.wake(heldOf("b1"));
    expect(log.at(-1)).toBe("b1 given back");
    await run("a1").end();
    worker.wake(heldOf("a1"));
    expect(log.at(-1)).toBe("a1 woken");
  });
});

describe("a run whose delivery is gone", () => {
  test.each([
    ["its time limit", { handlerTimeoutMs: 5_000 }, 5_000],
    ["the longest hold", {}, 9_000],
  ])("keeps its permit as long as it could have had it: until %s", async (_what, over, untilMs) => {
    const { clock, runs, heldOf, worker, accept } = workerBench({ limit: 1, over });
    await accept("a1", "b1");
    const held = heldOf("a1");
    held.capAtMs = 9_000;
    held.finish();
    worker.leave(held);
    expect(worker.outstanding).toBe(1);
    worker.check(untilMs - 1);
    await clock.settle();
    expect(runs.map(({ id }) => id)).toEqual(["a1"]);
    worker.check(untilMs);
    await clock.settle();
    expect(runs.map(({ id }) => id)).toEqual(["a1", "b1"]);
  });

  test("and that ended is no concern any more: a check frees nothing of it", async () => {
    const { clock, runs, heldOf, dispatcher, worker, accept, run } = workerBench({ limit: 1 });
    await accept("a1", "b1");
    const held = heldOf("a1");
    worker.leave(held);
    held.finish();
    await run("a1").end();
    expect(dispatcher.running).toBe(1);
    held.hasPermit = true; // as if it held one
    worker.check(Number.MAX_SAFE_INTEGER);
    await clock.settle();
    expect([dispatcher.running, runs.length]).toEqual([1, 2]);
  });

  test("keeps its permit at a check if it left with its handler ended", async () => {
    const { heldOf, dispatcher, worker, accept } = workerBench({ limit: 1 });
    await accept("a1");
    const held = heldOf("a1");
    held.isHandlerActive = false;
    worker.leave(held);
    worker.check(Number.MAX_SAFE_INTEGER);
    expect(dispatcher.running).toBe(1);
  });

  test("lets the next of its key run when it ends, but not before a dead letter of it is confirmed", async () => {
    const lost = workerBench({ isOrdered: true });
    await lost.accept("a1", "a2");
    lost.heldOf("a1").finish();
    await lost.run("a1").end();
    expect(lost.runs.map(({ id }) => id)).toEqual(["a1", "a2"]);

    const dying = workerBench({ isOrdered: true });
    await dying.accept("a1", "a2");
    const held = dying.heldOf("a1");
    held.outcome = { kind: "dead-letter", reason: "R", attributes: {} };
    held.become("settling");
    await dying.run("a1").end();
    expect(dying.runs.map(({ id }) => id)).toEqual(["a1"]);
    const confirmed = workerBench({ isOrdered: true });
    await confirmed.accept("a1", "a2");
    const dead = confirmed.heldOf("a1");
    dead.outcome = { kind: "dead-letter", reason: "R", attributes: {} };
    dead.finish();
    await confirmed.run("a1").end();
    expect(confirmed.runs.map(({ id }) => id)).toEqual(["a1", "a2"]);
  });
});

describe("what no handler has started", () => {
  test("goes back, and so does what is parked", async () => {
    const { log, heldOf, worker, accept, run } = workerBench({ limit: 2 });
    await accept("a1", "b1", "c1", "d1");
    heldOf("b1").become("parked");
    log.length = 0;
    worker.giveBackUnstarted();
    expect(log).toEqual(["c1 given back", "d1 given back", "b1 unparked"]);
    expect(run("a1").signal.aborted).toBe(false);
  });
});
