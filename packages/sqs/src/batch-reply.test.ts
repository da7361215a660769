import type { ItemResult } from "@anyqueue/core/adapter";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alignReply, inTens } from "./batch-reply.ts";

describe("inTens", () => {
  test("asks for every item once, in order, at most ten at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer(), { maxLength: 45 }), async (items) => {
        const sizes: number[] = [];
        const results = await inTens(items, async (chunk) => {
          sizes.push(chunk.length);
          return chunk.map((value): ItemResult<number> => ({ ok: true, value }));
        });
        expect(results).toEqual(items.map((value) => ({ ok: true, value })));
        expect(sizes).toHaveLength(Math.ceil(items.length / 10));
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(10);
      }),
    );
  });

  test("of several requests each fails alone", async () => {
    const items = Array.from({ length: 21 }, (_, index) => index);
    const results = await inTens(items, async (chunk) => {
      if (chunk.includes(10)) throw new Error("down");
      return await Promise.resolve(chunk.map((value): ItemResult<number> => ({ ok: true, value })));
    });
    const failed = [...results.entries()].filter(([, result]) => !result.ok).map(([index]) => index);
    expect([results.length, failed]).toEqual([21, items.slice(10, 20)]);
  });

  test("throws for a single request, whose failure is that of every item", async () => {
    await expect(inTens([1, 2], () => Promise.reject(new Error("down")))).rejects.toThrow("down");
  });
});

describe("alignReply", () => {
  test("keeps the order of the entries whatever the order of the reply", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), fc.nat(10), (order, cut) => {
        const reply = {
          Successful: order.slice(0, cut).map((index) => ({ Id: String(index) })),
          Failed: order.slice(cut).map((index) => ({ Id: String(index), Code: "InternalError" })),
          $metadata: {},
        };
        const results = alignReply(10, reply, (_, index) => ({ ok: true, value: index }));
        const accepted = new Set(order.slice(0, cut));
        const values = results.map((result) => (result.ok ? result.value : "failed"));
        expect(values).toEqual(
          Array.from({ length: 10 }, (_, index) => (accepted.has(index) ? index : "failed")),
        );
      }),
    );
  });

  // Such replies come from clients made for tests, and from a server that lost an id.
  test("takes a reply without metadata, and no nameless or misnamed entry for one of its own", () => {
    const reply = {
      Successful: [{ Id: "" }, { Id: " " }, { Id: "0x0" }, { Id: "0th" }, {}, { Id: "1" }],
      Failed: [{ Id: "" }],
    };
    const results = alignReply(2, reply, (_, index) => ({ ok: true, value: index }));
    expect(results).toMatchObject([
      { ok: false, error: { name: "InternalError" } },
      { ok: true, value: 1 },
    ]);
  });
});
