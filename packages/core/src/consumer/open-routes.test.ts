import { describe, expect, test } from "vitest";
import { errorOf } from "../../test/consumer-bench.ts";
import { fakeTarget } from "../../test/fake-adapter.ts";
import { DENIED, openBench, refused } from "../../test/open-bench.ts";

describe("the way to the dead letters", () => {
  test("is the service's own where it has one", async () => {
    expect((await openBench().open()).route).toEqual({ kind: "native" });
  });

  test.each([
    ["the definition wants none", { options: { deadLetter: "none" } }, /deadLetter: "none"/u],
    ["it is a dead letter already", { details: { kind: "dead-letter" } }, /nowhere further/u],
  ] as const)("is none where %s", async (_what, given, why) => {
    const { route } = await openBench(given).open();
    expect(route).toMatchObject({ kind: "none", why: expect.stringMatching(why) });
  });

  test("is a producer of their queue otherwise, which is found by the facts", async () => {
    const facts: unknown[] = [];
    const { producers, open } = openBench({
      capabilities: { deadLetter: "none" },
      probe: async () => await Promise.resolve({ facts: { unknown: [], maxDeliveries: 9 } }),
      setup: {
        deadLetterTarget: (found) => {
          facts.push(found);
          return fakeTarget({ kind: "queue", name: "orders-dead", features: [] });
        },
      },
    });
    const { route } = await open();
    expect([route.kind, facts]).toEqual(["copy", [{ unknown: [], maxDeliveries: 9 }]]);
    expect(producers.map(({ opens }) => opens)).toEqual([1]);
  });

  test("that is missing refuses the start, with a remedy", async () => {
    const { open } = openBench({
      capabilities: { deadLetter: "none" },
      setup: { deadLetterTarget: undefined as never },
    });
    expect(await errorOf(open())).toMatchObject({
      code: "UNSUPPORTED",
      feature: "deadLetter",
      target: "fake://here/orders",
      remedy: expect.stringContaining('deadLetter: "none"'),
    });
  });

  test("that does not exist says so, names it and closes what was opened", async () => {
    const { producers, open } = openBench({
      capabilities: { deadLetter: "none" },
      openProducer: async () =>
        await Promise.reject(refused({ code: "NOT_FOUND", retryable: false, providerCode: "E404" })),
    });
    expect(await errorOf(open())).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("dead-letter queue does not exist"),
      remedy: expect.stringContaining("client.admin.create"),
      operation: "open",
      provider: "fake",
      providerCode: "E404",
      target: "fake://here/orders-dead",
      cause: { code: "NOT_FOUND" },
    });
    expect(producers.map(({ isClosed }) => isClosed)).toEqual([true]);
  });

  test("that does not exist is no news where the queue itself does not: that is said instead", async () => {
    const gone = refused({ code: "NOT_FOUND", retryable: false });
    const { open } = openBench({
      capabilities: { deadLetter: "none" },
      probe: async () => await Promise.reject(gone),
      openProducer: async () => await Promise.reject(gone),
    });
    expect(await errorOf(open())).toMatchObject({
      code: "NOT_FOUND",
      operation: "open",
      target: "fake://here/orders",
      cause: gone,
    });
  });

  test("that fails otherwise fails as it is", async () => {
    const { open } = openBench({
      capabilities: { deadLetter: "none" },
      openProducer: async () => await Promise.reject(refused(DENIED)),
    });
    expect(await errorOf(open())).toMatchObject({
      code: "ACCESS_DENIED",
      target: "fake://here/orders-dead",
      message: expect.not.stringContaining("does not exist"),
    });
  });
});

describe("the way of long delays", () => {
  const LONG = {
    capabilities: { releaseDelay: "none", sendDelay: { maxMs: 1_000 }, ordering: "none" },
    details: { emulate: ["delay"] },
  } as const;

  test("is a producer of the queue itself", async () => {
    const { producers, open } = openBench(LONG);
    const { retries } = await open();
    expect(retries).toBeDefined();
    expect(producers.map(({ opens }) => opens)).toEqual([1]);
  });

  test("that does not open refuses the start and leaves nothing open", async () => {
    const { queue, consumers, producers, open } = openBench({
      ...LONG,
      openProducer: async () => await Promise.reject(refused(DENIED)),
    });
    expect(await errorOf(open())).toMatchObject({ code: "ACCESS_DENIED" });
    expect(producers.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect([consumers, queue.isClosed]).toEqual([[], false]);
  });

  test("is closed where the driver does not open", async () => {
    const { queue, producers, open } = openBench(LONG);
    queue.openFailures = [refused(DENIED)];
    await errorOf(open());
    expect(producers.map(({ isClosed }) => isClosed)).toEqual([true]);
  });
});
