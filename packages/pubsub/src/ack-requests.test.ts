import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inRequests, splitItems } from "./ack-requests.ts";

const items = (count: number, bytes: number, seconds = 0): { ackId: string; seconds: number }[] =>
  Array.from({ length: count }, (_, index) => ({ ackId: String(index).padEnd(bytes, "x"), seconds }));

describe("splitItems", () => {
  test.each([
    ["2,500 usual ids", items(2_500, 190), [2_500]],
    ["one id more", items(2_501, 190), [2_500, 1]],
    ["long ids", items(600, 1_000), [521, 79]],
    ["none", [], []],
    ["two deadlines", [...items(2, 10, 5), ...items(1, 10, 9)], [2, 1]],
  ])("splits %s", (_, given, sizes) => {
    expect(splitItems(given).map((chunk) => chunk.length)).toEqual(sizes);
  });

  test("loses nothing, mixes no deadlines and stays below every limit", () => {
    const ids = fc.array(
      fc.record({
        ackId: fc.integer({ min: 1, max: 2_000 }).map((length) => "x".repeat(length)),
        seconds: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 1_000 },
    );
    fc.assert(
      fc.property(ids, (given) => {
        const chunks = splitItems(given);
        expect(new Set(chunks.flat())).toEqual(new Set(given));
        for (const chunk of chunks) {
          expect(new Set(chunk.map(({ seconds }) => seconds)).size).toBe(1);
          expect(chunk.length).toBeLessThanOrEqual(2_500);
          const bytes = chunk.reduce((sum, { ackId }) => sum + Buffer.byteLength(ackId) + 4, 0);
          expect(bytes).toBeLessThanOrEqual(512 * 1_024);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("inRequests", () => {
  test("lines results up whatever the order of the requests", async () => {
    const given = [
      { ackId: "a", seconds: 1 },
      { ackId: "b", seconds: 2 },
      { ackId: "c", seconds: 1 },
    ];
    const failure = new Error("second request");
    const results = await inRequests(given, async (_, seconds) => {
      if (seconds === 2) throw failure;
    });
    expect(results).toEqual([
      { ok: true, value: undefined },
      { ok: false, error: failure },
      { ok: true, value: undefined },
    ]);
  });

  test.each([
    ["one bad id of 2,500", (ackId: string) => ackId.startsWith("777x"), 1, 40],
    ["nothing but bad ids", () => true, 2_500, 250],
  ])("tells good from bad in few requests: %s", async (_, isBad, bad, most) => {
    let requests = 0;
    const results = await inRequests(items(2_500, 10), async (ackIds) => {
      requests += 1;
      if (ackIds.some((ackId) => isBad(ackId))) throw Object.assign(new Error("invalid"), { code: 3 });
    });
    expect(results.filter(({ ok }) => !ok)).toHaveLength(bad);
    expect(requests).toBeLessThan(most);
  });

  test("leaves no ids in a request that was answered: gRPC keeps it", async () => {
    const requests: string[][] = [];
    const sizes: number[] = [];
    await inRequests(items(2_501, 10), async (ackIds) => {
      requests.push(ackIds);
      sizes.push(ackIds.length);
    });
    expect([sizes, requests]).toEqual([
      [2_500, 1],
      [[], []],
    ]);
  });

  test("the same id twice gets two results", async () => {
    const twice = [
      { ackId: "a", seconds: 0 },
      { ackId: "a", seconds: 0 },
    ];
    expect(await inRequests(twice, async () => {})).toHaveLength(2);
  });

  test("keeps the number of requests that are out bounded", async () => {
    let out = 0;
    let most = 0;
    const given = Array.from({ length: 100 }, (_, seconds) => ({ ackId: String(seconds), seconds }));
    await inRequests(given, async () => {
      most = Math.max(most, ++out);
      await Promise.resolve();
      out -= 1;
    });
    expect(most).toBe(8);
  });
});
