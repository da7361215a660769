import { describe, expect, test } from "vitest";
import { FAKE_LIMITS } from "../../test/fake-adapter.ts";
import { ordered, runningPipeline } from "../../test/pipeline-bench.ts";

describe("an ordered queue", () => {
  test("waits for a failed message five seconds longer than its delay, then goes on with its key", async () => {
    const bench = await runningPipeline({
      details: { needs: ["ordering"] },
      capabilities: { followers: "hold" },
      options: { retry: { delay: "10s" } },
    });
    const { clock, queue } = bench;
    queue.put(...ordered("a0"));
    queue.put(...ordered("a1"));
    await clock.settle();
    await bench.fail("a0");
    queue.messages = queue.messages.filter(({ id }) => id !== "a0"); // settled elsewhere
    await clock.advance(14_999);
    expect(bench.started).toEqual(["a0"]);
    await clock.advance(1);
    expect(bench.started).toEqual(["a0", "a1"]);
    await bench.stop();
  });

  test("hands the key on to what the service brings once that time is over", async () => {
    const bench = await runningPipeline({
      details: { needs: ["ordering"] },
      options: { retry: { delay: "10s" } },
    });
    const { clock, queue } = bench;
    queue.put(...ordered("a0"));
    await clock.settle();
    await bench.fail("a0");
    queue.messages = [];
    await clock.advance("11s");
    queue.put(...ordered("a1"));
    await clock.settle();
    expect(bench.started).toEqual(["a0", "a1"]);
    // The first `a1` answered an ask that was out when `a0` failed.
    expect(queue.released.map(({ id, cause }) => [id, cause])).toEqual([
      ["a0", "retry"],
      ["a1", "unstarted"],
    ]);
    await bench.stop();
  });

  test("is not kept where the target keeps none", async () => {
    const bench = await runningPipeline({ capabilities: { ordering: "none" } });
    bench.queue.put(...ordered("a0"));
    bench.queue.put(...ordered("a1"));
    await bench.clock.settle();
    expect(bench.started).toEqual(["a0", "a1"]);
    await bench.stop();
  });
});

describe("a rate", () => {
  test("that allows starts again makes the next ask", async () => {
    const bench = await runningPipeline({ options: { rateLimit: { count: 2, per: "1500ms" } } });
    const { clock, queue } = bench;
    for (const id of ["a", "b", "c"]) queue.put(id);
    await clock.settle();
    expect(bench.started).toEqual(["a", "b"]);
    expect(queue.leased).toBe(2);
    await clock.advance(1_499);
    expect(bench.started).toEqual(["a", "b"]);
    await clock.advance(1);
    expect(bench.started).toEqual(["a", "b", "c"]);
    await bench.stop();
  });
});

describe("an ask that costs money", () => {
  const billed = { limits: { receive: { ...FAKE_LIMITS.receive, billed: true } } };

  test("waits until half of what there can be is used up", async () => {
    const bench = await runningPipeline({ ...billed, options: { concurrency: 1, prefetch: 9 } });
    const { clock, queue } = bench;
    for (let index = 0; index < 15; index += 1) queue.put(`m${index}`);
    await clock.settle();
    for (const id of ["m0", "m1", "m2", "m3"]) await bench.end(id);
    expect(queue.itemsOf("receive")).toEqual([10]);
    await bench.end("m4");
    expect(queue.itemsOf("receive")).toEqual([10, 5]);
    await bench.stop();
  });

  test("does not wait where nothing is ready", async () => {
    const bench = await runningPipeline({ ...billed, options: { concurrency: 10 } });
    const { clock, queue } = bench;
    for (let index = 0; index < 15; index += 1) queue.put(`m${index}`);
    await clock.settle();
    await bench.end("m0");
    expect(queue.itemsOf("receive")).toEqual([10, 1]);
    await bench.stop();
  });
});

describe("a run without its lease", () => {
  test("keeps its permit as long as its time limit, and no longer", async () => {
    const bench = await runningPipeline({ options: { concurrency: 1, prefetch: 1, handlerTimeout: "5s" } });
    const { clock, queue } = bench;
    queue.put("a");
    queue.put("b");
    await clock.settle();
    const held = queue.messages.find(({ id }) => id === "a");
    queue.options?.events.leasesLost({ handles: [held?.handle ?? ""] }, new Error("gone"));
    await clock.advance(4_999);
    expect(bench.started).toEqual(["a"]);
    await clock.advance(1);
    expect(bench.started).toEqual(["a", "b"]);
    await bench.stop();
  });
});

describe("the end", () => {
  test("waits for nobody where no handler runs, and reports what it gave back", async () => {
    const bench = await runningPipeline({ options: { concurrency: 1, prefetch: 2 } });
    const { clock, queue, consumer } = bench;
    for (const id of ["a", "b", "c"]) queue.put(id);
    await clock.settle();
    const closed = consumer.close({ timeout: "1s" });
    await clock.advance("1s");
    expect(queue.released.map(({ id }) => id)).toEqual(["b", "c"]);
    await bench.fail("a"); // it stopped because its signal aborted: not a failure
    expect(await closed).toEqual({ handled: 0, released: 3, unsettled: 0, abandoned: 0 });
    expect(queue.released.at(-1)).toMatchObject({ id: "a", cause: "unstarted" });
  });

  test.each([
    ["acks it then", [{ ok: true, value: { providerId: "d" } }], { handled: 1, acked: ["m"], released: [] }],
    [
      "gives it back at once if that fails",
      [{ ok: false, error: new Error("no") }],
      { handled: 0, acked: [], released: ["m"] },
    ],
  ] as const)(
    "waits for a dead letter that is on its way to its queue, and %s",
    async (_what, answer, end) => {
      const copied = Promise.withResolvers<typeof answer>();
      const settledAfterClose: boolean[] = [];
      const bench = await runningPipeline({
        capabilities: { deadLetter: "none", releaseDelay: "none" },
        options: { retry: { attempts: 1 } },
        deadLetters: async () => await copied.promise,
        driver: (queue) => ({
          receiveBatch: queue.receiveBatch.bind(queue),
          ackBatch: async (handles) => {
            settledAfterClose.push(queue.isClosed);
            return await queue.ackBatch(handles);
          },
          releaseBatch: async (items) => {
            settledAfterClose.push(queue.isClosed);
            return await queue.releaseBatch(items);
          },
          close: queue.close.bind(queue),
        }),
      });
      const { clock, queue, consumer } = bench;
      queue.put("m");
      await clock.settle();
      await bench.fail("m");
      const closed = consumer.close();
      await clock.advance(100);
      expect(queue.isClosed).toBe(false);
      copied.resolve(answer);
      await clock.settle();
      expect(await closed).toMatchObject({ handled: end.handled });
      expect([queue.acked, queue.released.map(({ id }) => id)]).toEqual([end.acked, end.released]);
      expect(settledAfterClose).toEqual([false]);
    },
  );

  test("parks nothing any more", async () => {
    const bench = await runningPipeline({
      capabilities: { releaseDelay: "none" },
      options: { retry: { delay: "30s" } },
    });
    const { clock, queue, consumer } = bench;
    queue.put("m");
    await clock.settle();
    const closed = consumer.close({ timeout: "20s" });
    await clock.settle();
    await bench.fail("m");
    expect(await closed).toEqual({ handled: 0, released: 1, unsettled: 0, abandoned: 0 });
    expect(queue.released).toMatchObject([{ id: "m", delayMs: 0, cause: "retry" }]);
  });

  test("leaves no timer", async () => {
    const bench = await runningPipeline({ limits: { receive: { ...FAKE_LIMITS.receive, billed: true } } });
    bench.queue.put("m");
    await bench.clock.settle();
    await bench.end("m");
    await bench.consumer.close();
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.queue.acked).toEqual(["m"]);
  });
});
