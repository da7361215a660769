import { describe, expect, test } from "vitest";
import type { HandlerContext, Logger, Message } from "../queue-consumer.ts";
import { createVirtualClock } from "../testing.ts";
import { Gatherer, type GatherOptions } from "./batch-run.ts";

const message = (id: string): Message<unknown> => ({
  id,
  body: {},
  attributes: {},
  providerId: id,
  native: undefined,
});

const logger: Logger = { info: () => {}, warn: () => {}, error: () => {} };

function contextOf(over: Partial<HandlerContext> = {}): HandlerContext {
  return {
    signal: new AbortController().signal,
    attempt: 1,
    isLastAttempt: false,
    log: logger,
    extend: async () => {},
    ...over,
  };
}

/** A batch handler whose calls the test ends. */
function bench(options: Partial<GatherOptions> = {}) {
  const clock = createVirtualClock();
  const limit = { concurrency: 1 };
  const batches: {
    readonly ids: readonly string[];
    readonly atMs: number;
    readonly context: HandlerContext;
    readonly end: (results?: unknown) => Promise<void>;
    readonly fail: (error: unknown) => Promise<void>;
  }[] = [];
  const ended: string[] = [];
  const gatherer = new Gatherer(
    async (messages, context) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      batches.push({
        ids: messages.map(({ id }) => id),
        atMs: clock.now(),
        context,
        async end(results) {
          resolve(results);
          await clock.settle();
        },
        async fail(error) {
          reject(error);
          await clock.settle();
        },
      });
      return (await promise) as undefined;
    },
    { size: 3, waitMs: 0, concurrency: () => limit.concurrency, clock, ...options },
  );
  const join = (id: string, context: Partial<HandlerContext> = {}): void => {
    void Promise.resolve(gatherer.handler(message(id), contextOf(context))).then(
      () => ended.push(id),
      (error: unknown) => ended.push(`${id} ${String(error)}`),
    );
  };
  const ids = (): readonly (readonly string[])[] => batches.map((batch) => batch.ids);
  return { clock, limit, batches, ended, join, ids };
}

describe("a batch", () => {
  test("holds all that came in one tick, where nothing is waited for", async () => {
    const { clock, ids, join } = bench();
    join("a");
    join("b");
    expect(ids()).toEqual([]);
    await clock.settle();
    expect(ids()).toEqual([["a", "b"]]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("goes at once when it is full, and the rest with the next", async () => {
    const { clock, limit, ids, join } = bench({ waitMs: 5_000 });
    limit.concurrency = 5;
    for (const id of ["a", "b", "c", "d"]) join(id);
    expect(ids()).toEqual([["a", "b", "c"]]);
    await clock.advance(4_999);
    expect(ids()).toHaveLength(1);
    await clock.advance(1);
    expect(ids()).toEqual([["a", "b", "c"], ["d"]]);
  });

  test("waits from its oldest message on", async () => {
    const { clock, batches, join } = bench({ waitMs: 5_000 });
    join("a");
    await clock.advance(3_000);
    join("b");
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(2_000);
    expect(batches).toMatchObject([{ ids: ["a", "b"], atMs: 5_000 }]);
  });

  test("is not started beyond the concurrency; what ends makes room for what waited long enough", async () => {
    const { clock, batches, ids, join } = bench();
    join("a");
    await clock.settle();
    for (const id of ["b", "c", "d", "e"]) join(id);
    await clock.settle();
    expect(ids()).toEqual([["a"]]);
    await batches[0]?.end();
    expect(ids()).toEqual([["a"], ["b", "c", "d"]]);
    await batches[1]?.end();
    expect(ids()).toEqual([["a"], ["b", "c", "d"], ["e"]]);
  });

  test("follows a concurrency that changed", async () => {
    const { clock, limit, ids, join } = bench({ size: 1 });
    limit.concurrency = 2;
    for (const id of ["a", "b", "c"]) join(id);
    await clock.settle();
    expect(ids()).toEqual([["a"], ["b"]]);
    limit.concurrency = 3;
    join("d");
    expect(ids()).toEqual([["a"], ["b"], ["c"]]);
  });

  test("that is not full waits its time although another ended, and one that is full does not", async () => {
    const { clock, batches, ids, join } = bench({ waitMs: 5_000 });
    for (const id of ["a", "b", "c"]) join(id);
    join("d");
    await batches[0]?.end();
    expect(ids()).toEqual([["a", "b", "c"]]);
    join("e");
    join("f");
    expect(ids()).toEqual([
      ["a", "b", "c"],
      ["d", "e", "f"],
    ]);
    for (const id of ["g", "h", "i"]) join(id);
    await batches[1]?.end();
    expect(ids().at(-1)).toEqual(["g", "h", "i"]);
    await clock.advance(5_000);
    expect(ids()).toHaveLength(3);
  });

  test("whose time came while there was no room goes as soon as there is", async () => {
    const { clock, batches, ids, join } = bench({ waitMs: 1_000 });
    for (const id of ["a", "b", "c", "d"]) join(id);
    await clock.advance(1_000);
    expect(ids()).toHaveLength(1);
    await batches[0]?.end();
    expect(ids()).toEqual([["a", "b", "c"], ["d"]]);
  });

  test("has no message that was lost or given back while it waited for its batch", async () => {
    const { clock, batches, ids, ended, join } = bench();
    const lost = new AbortController();
    join("a");
    await clock.settle();
    join("b", { signal: lost.signal });
    join("c");
    lost.abort("lost");
    await batches[0]?.end();
    expect(ids()).toEqual([["a"], ["c"]]);
    expect(ended).toEqual(["a", "b lost"]);
    const linger = bench({ waitMs: 1_000 });
    linger.join("d", { signal: AbortSignal.abort("lost") });
    await linger.clock.advance(1_000);
    expect([linger.ids(), linger.ended]).toEqual([[], ["d lost"]]);
  });

  test("has no message that was lost before the last one came", async () => {
    const { clock, ids, ended, join } = bench({ waitMs: 5_000 });
    const lost = new AbortController();
    join("a", { signal: lost.signal });
    join("b");
    lost.abort("lost");
    join("c");
    await clock.settle();
    expect([ids(), ended]).toEqual([[], ["a lost"]]);
    join("d");
    expect(ids()).toEqual([["b", "c", "d"]]);
  });
});

describe("the results of a batch", () => {
  test("end each run for itself", async () => {
    const { clock, batches, ended, join } = bench();
    for (const id of ["a", "b"]) join(id);
    await clock.settle();
    expect(ended).toEqual([]);
    await batches[0]?.end([{ status: "fulfilled" }, { status: "rejected", reason: new Error("b fails") }]);
    expect(ended).toEqual(["a", "b Error: b fails"]);
  });

  test("may be left out: all went well", async () => {
    const { clock, batches, ended, join } = bench();
    for (const id of ["a", "b"]) join(id);
    await clock.settle();
    await batches[0]?.end();
    expect(ended).toEqual(["a", "b"]);
  });

  test("are one failure for all where the handler throws", async () => {
    const { clock, batches, ended, join } = bench();
    for (const id of ["a", "b"]) join(id);
    await clock.settle();
    await batches[0]?.fail(new Error("all fail"));
    expect(ended).toEqual(["a Error: all fail", "b Error: all fail"]);
  });

  test.each([
    ["too few", [{ status: "fulfilled" }], /1 results for 2/u],
    ["too many", Array.from({ length: 3 }, () => ({ status: "fulfilled" })), /3 results for 2/u],
    ["no list", { length: 2 }, /object for 2/u],
    ["null", null, /object for 2/u],
  ])("that are %s fail all", async (_what, results, text) => {
    const { clock, batches, ended, join } = bench();
    for (const id of ["a", "b"]) join(id);
    await clock.settle();
    await batches[0]?.end(results);
    expect(ended).toEqual([expect.stringMatching(text), expect.stringMatching(text)]);
    expect(ended[0]).toContain("INVALID_ARGUMENT");
  });

  test.each([undefined, null, 1, "fulfilled", {}, { status: "done" }])(
    "of which one is %o fail that one",
    async (result) => {
      const { clock, batches, ended, join } = bench();
      for (const id of ["a", "b"]) join(id);
      await clock.settle();
      await batches[0]?.end([{ status: "fulfilled" }, result]);
      expect(ended).toEqual(["a", expect.stringMatching(/^b .*INVALID_ARGUMENT/u)]);
    },
  );

  test("that reject without a reason reject", async () => {
    const { clock, batches, ended, join } = bench();
    join("a");
    await clock.settle();
    await batches[0]?.end([{ status: "rejected" }]);
    expect(ended).toEqual(["a undefined"]);
  });
});

describe("the context of a batch", () => {
  async function contextOfBatch(...members: readonly Partial<HandlerContext>[]): Promise<HandlerContext> {
    const { clock, batches, join } = bench();
    for (const [index, member] of members.entries()) join(`m${index}`, member);
    await clock.settle();
    const context = batches[0]?.context;
    if (context === undefined) throw new Error("no batch was started");
    return context;
  }

  test("is on its latest attempt, and on the last if one message is", async () => {
    const context = await contextOfBatch({ attempt: 2 }, { attempt: 4, isLastAttempt: true }, { attempt: 1 });
    expect([context.attempt, context.isLastAttempt]).toEqual([4, true]);
    expect((await contextOfBatch({}, {})).isLastAttempt).toBe(false);
  });

  test("has the earliest deadline and the log", async () => {
    const context = await contextOfBatch({ deadline: new Date(3_000) }, { deadline: new Date(1_000) }, {});
    expect(context.deadline).toEqual(new Date(1_000));
    expect(context.log).toBe(logger);
  });

  test("extends every lease, also when taken out", async () => {
    const extended: string[] = [];
    const extend = async (by: string): Promise<void> => {
      extended.push(by);
      await Promise.resolve();
    };
    const { extend: all } = await contextOfBatch({ extend }, { extend });
    await all("2m");
    expect(extended).toEqual(["2m", "2m"]);
  });

  test("aborts when all of its messages are gone, with the reason of the first", async () => {
    const controllers = [new AbortController(), new AbortController()];
    const { signal } = await contextOfBatch(...controllers.map((one) => ({ signal: one.signal })));
    expect(signal.aborted).toBe(false);
    controllers[1]?.abort(new Error("second"));
    expect(signal.aborted).toBe(false);
    const reason = new Error("first");
    controllers[0]?.abort(reason);
    expect(signal.reason).toBe(reason);
  });

  test("has one signal, that is aborted from the start where all were gone before", async () => {
    const context = await contextOfBatch({ signal: AbortSignal.abort(new Error("gone")) });
    expect(context.signal.aborted).toBe(true);
    expect(context.signal).toBe(context.signal);
  });
});
