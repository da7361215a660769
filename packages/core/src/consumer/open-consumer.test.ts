import { describe, expect, test } from "vitest";
import { errorOf } from "../../test/consumer-bench.ts";
import { fakeAdapter, FakeProducerDriver, fakeTarget } from "../../test/fake-adapter.ts";
import { DENIED, FLOW, never, openBench, refused } from "../../test/open-bench.ts";
import { closeOpened } from "./open-consumer.ts";

describe("opening", () => {
  test("finds, probes and opens, in this order, and hands over what it found", async () => {
    const located = fakeTarget(
      { kind: "queue", name: "real", features: [] },
      { capabilities: { deadLetter: "native" } },
    );
    const probed: string[] = [];
    const { consumers, producers, open } = openBench({
      setup: { locate: async () => await Promise.resolve(located) },
      probe: async ({ name }) => {
        probed.push(name);
        return await Promise.resolve({
          capabilities: { peek: true },
          limits: { maxMessageBytes: 77 },
          facts: { unknown: [] },
        });
      },
      options: { lease: "20s" },
    });
    const opened = await open();
    expect(probed).toEqual(["fake://here/real"]);
    expect(opened.target).toMatchObject({
      name: "fake://here/real",
      capabilities: { peek: true, deadLetter: "native" },
      limits: { maxMessageBytes: 77, receive: located.limits.receive },
    });
    expect(consumers).toEqual([{ target: opened.target, options: { ...FLOW, leaseMs: 20_000 } }]);
    expect([opened.leaseMs, opened.route, opened.retries, producers]).toEqual([
      20_000,
      { kind: "native" },
      undefined,
      [],
    ]);
  });

  test.each([
    ["capabilities only", { capabilities: { peek: true }, facts: { unknown: [] } }, true, 1_000],
    ["limits only", { limits: { maxMessageBytes: 77 }, facts: { unknown: [] } }, false, 77],
    ["neither", { facts: { unknown: [] } }, false, 1_000],
  ] as const)("takes what a probe refines: %s", async (_what, result, peek, maxMessageBytes) => {
    const { open } = openBench({ probe: async () => await Promise.resolve(result) });
    const { target } = await open();
    expect([target.capabilities.peek, target.limits.maxMessageBytes]).toEqual([peek, maxMessageBytes]);
  });

  test("goes on without what a probe may not see, and says so", async () => {
    const { events, open } = openBench({ probe: async () => await Promise.reject(refused(DENIED)) });
    await open();
    expect(events.of("notice")).toEqual([
      { target: "fake://here/orders", text: expect.stringMatching(/could not be read: .*ACCESS_DENIED/u) },
    ]);
  });

  test("waits five seconds for a probe", async () => {
    const { clock, events, open } = openBench({ probe: never });
    const opening = open();
    await clock.advance(4_999);
    expect(events.seen).toEqual([]);
    await clock.advance(1);
    await opening;
    expect(events.of("notice")[0]?.text).toContain("TIMEOUT");
  });

  test("gives up a search, and a driver that does not open, after five seconds", async () => {
    const lost = openBench({ setup: { locate: never } });
    const searching = errorOf(lost.open());
    await lost.clock.advance(5_000);
    expect(await searching).toMatchObject({ code: "TIMEOUT", operation: "open" });
    const stuck = openBench();
    stuck.queue.open = never;
    const opening = errorOf(stuck.open());
    await stuck.clock.advance(4_999);
    expect(stuck.queue.isClosed).toBe(false);
    await stuck.clock.advance(1);
    expect(await opening).toMatchObject({ code: "TIMEOUT", operation: "open" });
    expect(stuck.queue.isClosed).toBe(true);
  });

  test("wraps what a search fails with", async () => {
    const { consumers, open } = openBench({
      setup: { locate: async () => await Promise.reject(refused({ code: "NOT_FOUND", retryable: false })) },
    });
    expect(await errorOf(open())).toMatchObject({
      code: "NOT_FOUND",
      operation: "open",
      provider: "fake",
      target: "fake://here/orders",
    });
    expect(consumers).toEqual([]);
  });

  test("leaves nothing open where the driver does not open", async () => {
    const { queue, producers, open } = openBench({ capabilities: { deadLetter: "none" } });
    queue.openFailures = [refused(DENIED)];
    expect(await errorOf(open())).toMatchObject({ code: "ACCESS_DENIED", operation: "open" });
    expect(queue.isClosed).toBe(true);
    expect(producers.map(({ isClosed }) => isClosed)).toEqual([true]);
  });

  test("leaves nothing open where the adapter has no such side", async () => {
    const { producers, open } = openBench({
      capabilities: { deadLetter: "none" },
      setup: {
        adapter: {
          ...fakeAdapter({ capabilities: { deadLetter: "none" } }),
          openProducer: () => {
            const driver = new FakeProducerDriver();
            producers.push(driver);
            return driver;
          },
        },
      },
    });
    expect(await errorOf(open())).toMatchObject({ code: "INTERNAL" });
    expect(producers.map(({ isClosed }) => isClosed)).toEqual([true]);
  });
});

describe("closing", () => {
  test("closes the driver and both ways, and fails with what failed only after all of them", async () => {
    const { queue, producers, open } = openBench({
      capabilities: {
        deadLetter: "none",
        releaseDelay: "none",
        sendDelay: { maxMs: 1_000 },
        ordering: "none",
      },
      details: { emulate: ["delay"] },
    });
    const opened = await open();
    expect(producers).toHaveLength(2);
    await closeOpened(opened);
    expect([queue.isClosed, ...producers.map(({ isClosed }) => isClosed)]).toEqual([true, true, true]);
    for (const producer of producers) producer.isClosed = false;
    queue.close = async () => await Promise.reject(new Error("will not close"));
    await expect(closeOpened(opened)).rejects.toThrow("will not close");
    expect(producers.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  });
});

test("an entity that turns out to lack what its definition needs is refused, whatever its consumer does with it", async () => {
  const { open } = openBench({
    details: { needs: ["deduplication"] },
    probe: async () =>
      await Promise.resolve({ capabilities: { deduplication: "none" }, facts: { unknown: [] } }),
  });
  expect(await errorOf(open())).toMatchObject({ code: "UNSUPPORTED", feature: "deduplication" });
});

test("what could not be read is told once the consumer is open, and not beside the error that says it", async () => {
  const { queue, events, open } = openBench({ probe: async () => await Promise.reject(refused(DENIED)) });
  queue.openFailures = [refused(DENIED)];
  await errorOf(open());
  expect(events.of("notice")).toEqual([]);
  await open();
  expect(events.of("notice")).toHaveLength(1);
});
