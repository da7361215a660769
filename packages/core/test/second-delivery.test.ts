import { describe, expect, test } from "vitest";
import type { ItemResult } from "../src/driver/driver.ts";
import type { HandlerContext } from "../src/queue-consumer.ts";
import { consumerBench, type BenchOptions, type ConsumerBench } from "./consumer-bench.ts";
import { afterwards, UNAVAILABLE, throws } from "./fake-faults.ts";

// A service that does not report the effect of a settlement does not report the end of a lease either: it
// only hands the message over again.

const TAKEN = [{ ok: true, value: undefined }] as const satisfies readonly ItemResult[];

interface MuteBench extends ConsumerBench {
  /** The messages whose handlers began, in order. */
  readonly begun: readonly string[];
  readonly contexts: readonly HandlerContext[];
  /** Ends the oldest run of a message that is still running. */
  end(id: string, error?: Error): Promise<void>;
  /** Messages that two handlers had at the same time. */
  readonly doubled: readonly string[];
  close(): Promise<void>;
}

async function mute({ capabilities, ...more }: BenchOptions = {}): Promise<MuteBench> {
  const bench = consumerBench({ capabilities: { settle: "accepted", ...capabilities }, ...more });
  bench.queue.isMute = true;
  const begun: string[] = [];
  const contexts: HandlerContext[] = [];
  const open: { readonly id: string; readonly run: PromiseWithResolvers<void> }[] = [];
  const doubled: string[] = [];
  const run = bench.consumer.run(async ({ id }, context) => {
    if (open.some((one) => one.id === id)) doubled.push(id);
    begun.push(id);
    contexts.push(context);
    const one = { id, run: Promise.withResolvers<void>() };
    open.push(one);
    await one.run.promise.finally(() => open.splice(open.indexOf(one), 1));
  });
  await bench.clock.settle();
  return {
    ...bench,
    begun,
    contexts,
    doubled,
    async end(id, error) {
      const one = open.find((other) => other.id === id);
      if (one === undefined) throw new Error(`no handler has ${id}`);
      if (error === undefined) one.run.resolve();
      else one.run.reject(error);
      await bench.clock.settle();
    },
    async close() {
      const closed = bench.consumer.close({ timeout: "0ms" });
      await bench.clock.advance("20s");
      await closed;
      await run;
    },
  };
}

async function putAndStart(bench: MuteBench, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) bench.queue.put(id);
  await bench.clock.settle();
}

describe("a message that comes again while it is in hand", () => {
  test("goes on under the new lease: one run, which nobody stops, and an ack that has its effect", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    bench.queue.expire("m");
    await bench.clock.settle();
    expect(bench.begun).toEqual(["m"]);
    expect(bench.contexts[0]?.signal.aborted).toBe(false);
    await bench.end("m");
    expect(bench.queue.acked).toEqual(["m"]);
    expect(bench.events.of("lease-lost")).toEqual([]);
    await bench.close();
  });

  test("has its new lease renewed, from when that began", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    await bench.clock.advance("20s");
    bench.queue.expire("m");
    await bench.clock.advance("65s");
    expect(bench.queue.leased).toBe(1);
    const renewals = bench.queue.calls.filter(({ operation }) => operation === "extend");
    expect(renewals.map(({ atMs }) => atMs)).toEqual([50_000, 80_000]);
    await bench.end("m");
    expect([bench.begun, bench.queue.acked]).toEqual([["m"], ["m"]]);
    await bench.close();
  });

  test("is renewed once more if that happens while its renewal is on its way", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    const answer = Promise.withResolvers<void>();
    bench.queue.failNext("extend", afterwards(answer.promise));
    const extended = bench.contexts[0]?.extend("5m");
    await bench.clock.settle();
    bench.queue.expire("m");
    await bench.clock.settle();
    answer.resolve();
    await bench.clock.settle();
    await extended;
    expect(bench.queue.count("extend")).toBe(2);
    await bench.clock.advance("100s");
    await bench.end("m");
    expect([bench.begun, bench.queue.acked]).toEqual([["m"], ["m"]]);
    await bench.close();
  });

  test("takes no second place in the queue of those that wait", async () => {
    const bench = await mute({ options: { concurrency: 1, prefetch: 5 } });
    await putAndStart(bench, "m", "n", "o");
    bench.queue.expire("n", "o");
    await bench.clock.settle();
    for (const id of ["m", "n", "o"]) await bench.end(id);
    expect([bench.begun, bench.queue.acked]).toEqual([
      ["m", "n", "o"],
      ["m", "n", "o"],
    ]);
    await bench.close();
  });

  test("keeps its place in the order of its key", async () => {
    const bench = await mute({ capabilities: { followers: "drop" } });
    for (const id of ["1", "2", "3"]) bench.queue.put(id, { id }, { orderingKey: "k" });
    await bench.clock.settle();
    bench.queue.expire("1", "2", "3");
    await bench.clock.settle();
    for (const id of ["1", "2", "3"]) {
      await bench.clock.settle();
      await bench.end(id);
    }
    expect([bench.begun, bench.queue.acked]).toEqual([
      ["1", "2", "3"],
      ["1", "2", "3"],
    ]);
    await bench.close();
  });

  test("is given up under the new lease where its handler fails", async () => {
    const bench = await mute({ options: { retry: { delay: "5s" } } });
    await putAndStart(bench, "m");
    bench.queue.expire("m");
    await bench.clock.settle();
    await bench.end("m", new Error("failed"));
    await bench.clock.advance("4s");
    expect(bench.begun).toEqual(["m"]);
    await bench.clock.advance("2s");
    expect(bench.begun).toEqual(["m", "m"]);
    await bench.end("m");
    expect(bench.queue.acked).toEqual(["m"]);
    await bench.close();
  });

  test("is a new one after it was given back, even if the answer to that is still to come", async () => {
    const bench = await mute({ options: { retry: { delay: "0ms" } } });
    await putAndStart(bench, "m");
    const answer = Promise.withResolvers<void>();
    bench.queue.failNext("release", async (applied) => {
      const results = applied();
      await answer.promise;
      return results;
    });
    await bench.end("m", new Error("failed"));
    expect(bench.begun).toEqual(["m", "m"]);
    answer.resolve();
    await bench.end("m");
    expect(bench.queue.acked).toEqual(["m"]);
    await bench.close();
  });
});

describe("a message that comes again although it was acked", () => {
  test("is acked once more while the first ack has no answer", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    const answer = Promise.withResolvers<void>();
    bench.queue.failNext("ack", async () => {
      await answer.promise;
      return TAKEN;
    });
    await bench.end("m");
    bench.queue.expire("m");
    await bench.clock.settle();
    answer.resolve();
    await bench.clock.settle();
    expect([bench.begun, bench.queue.acked]).toEqual([["m"], ["m"]]);
    expect(bench.events.of("redelivery-acked")).toMatchObject([{ id: "m" }]);
    await bench.close();
  });

  test("is acked once more for as long as its lease would have lasted", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    bench.queue.failNext("ack", async () => TAKEN);
    await bench.end("m");
    await bench.clock.advance("30s");
    bench.queue.expire("m");
    await bench.clock.settle();
    expect([bench.begun, bench.queue.acked]).toEqual([["m"], ["m"]]);
    await bench.close();
  });

  test("is handled again after that: somebody may have asked the service for a replay", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    bench.queue.failNext("ack", async () => TAKEN);
    await bench.end("m");
    const [message] = bench.queue.messages;
    if (message !== undefined) message.visibleAtMs = 1_000_000;
    await bench.clock.advance("121s");
    bench.queue.expire("m");
    await bench.clock.settle();
    expect(bench.begun).toEqual(["m", "m"]);
    await bench.close();
  });

  test("waits for no permit and for no lane", async () => {
    const bench = await mute({
      options: { concurrency: 1, prefetch: 5 },
      capabilities: { followers: "drop" },
    });
    for (const id of ["1", "2"]) bench.queue.put(id, { id }, { orderingKey: "k" });
    await bench.clock.settle();
    bench.queue.failNext("ack", async () => TAKEN);
    await bench.end("1");
    bench.queue.expire("1");
    await bench.clock.settle();
    expect(bench.queue.acked).toEqual(["1"]);
    expect(bench.begun).toEqual(["1", "2"]);
    await bench.close();
  });
});

describe("a message that comes again after its lease was lost here", () => {
  test("waits until the handler that was told so has ended", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    bench.queue.failNext("extend", ...Array.from({ length: 50 }, () => throws(UNAVAILABLE)));
    await bench.clock.advance("61s");
    expect(bench.contexts[0]?.signal.aborted).toBe(true);
    expect(bench.begun).toEqual(["m"]);
    await bench.end("m");
    expect(bench.begun).toEqual(["m", "m"]);
    await bench.end("m");
    expect([bench.doubled, bench.queue.acked]).toEqual([[], ["m"]]);
    await bench.close();
  });

  test("goes back where the consumer closes meanwhile", async () => {
    const bench = await mute();
    await putAndStart(bench, "m");
    bench.queue.failNext("extend", ...Array.from({ length: 50 }, () => throws(UNAVAILABLE)));
    await bench.clock.advance("61s");
    await bench.close();
    expect(bench.queue.released).toMatchObject([{ id: "m", cause: "unstarted" }]);
  });

  test("begins when that handler has had all the time that it may have", async () => {
    const bench = await mute({ options: { handlerTimeout: "3m" } });
    await putAndStart(bench, "m");
    bench.queue.failNext("extend", ...Array.from({ length: 50 }, () => throws(UNAVAILABLE)));
    await bench.clock.advance("100s");
    expect(bench.begun).toEqual(["m"]);
    await bench.clock.advance("81s");
    expect(bench.begun).toEqual(["m", "m"]);
    await bench.close();
  });
});

test("a service that tells of lost leases may deliver again when it likes", async () => {
  const bench = await mute({ capabilities: { settle: "confirmed" } });
  await putAndStart(bench, "m");
  bench.queue.expire("m");
  await bench.clock.settle();
  expect(bench.begun).toEqual(["m", "m"]);
  await bench.close();
});

describe("in pull mode", () => {
  test("what comes again is the message that is in hand, or was just acked", async () => {
    const { clock, queue, consumer } = consumerBench({ capabilities: { settle: "accepted" } });
    queue.isMute = true;
    queue.put("m");
    const [message] = await consumer.receive();
    queue.expire("m");
    expect(await consumer.receive()).toEqual([]);
    queue.failNext("ack", async () => TAKEN);
    await message?.ack();
    expect(queue.acked).toEqual([]);
    queue.expire("m");
    expect(await consumer.receive()).toEqual([]);
    expect(queue.acked).toEqual(["m"]);
    const closed = consumer.close();
    await clock.settle();
    await closed;
  });
});
