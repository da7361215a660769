import fc from "fast-check";
import { expect, test } from "vitest";
import { PUBSUB_MAX_OUTSTANDING_BYTES } from "./pubsub-limits.ts";
import { bytesOfNext, planStreams } from "./stream-plan.ts";

test.each([
  ["the first stream gets all the room", { wanted: 10, open: [], heldElsewhere: 0 }, { retire: 0, room: 10 }],
  [
    "more room is another stream",
    { wanted: 25, open: [10], heldElsewhere: 0, isExplicit: true },
    { retire: 0, room: 15 },
  ],
  [
    "a little more room by itself is not worth one",
    { wanted: 25, open: [20], heldElsewhere: 0 },
    { retire: 0, room: 0 },
  ],
  ["half of the room is", { wanted: 20, open: [10], heldElsewhere: 0 }, { retire: 0, room: 10 }],
  ["less room ends the newest", { wanted: 10, open: [10, 15], heldElsewhere: 0 }, { retire: 1, room: 0 }],
  ["much less room ends more", { wanted: 4, open: [10, 15], heldElsewhere: 0 }, { retire: 2, room: 0 }],
  ["no room ends all", { wanted: 0, open: [10, 15], heldElsewhere: 3 }, { retire: 2, room: 0 }],
  [
    "what ended streams brought still takes room",
    { wanted: 10, open: [], heldElsewhere: 7 },
    { retire: 0, room: 3 },
  ],
  ["also all of it", { wanted: 10, open: [], heldElsewhere: 12 }, { retire: 0, room: 0 }],
  [
    "the fifth stream joins the others",
    { wanted: 50, open: [5, 5, 5, 5], heldElsewhere: 0, isExplicit: true },
    { retire: 4, room: 0 },
  ],
  ["what fits stays", { wanted: 10, open: [10], heldElsewhere: 0 }, { retire: 0, room: 0 }],
])("%s", (_, situation, plan) => {
  expect(planStreams({ isExplicit: false, ...situation })).toEqual(plan);
});

test("never opens more room than is free, and never keeps more streams than are wanted", () => {
  const situation = fc.record({
    wanted: fc.nat(1_000),
    open: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 4 }),
    heldElsewhere: fc.nat(500),
    isExplicit: fc.boolean(),
  });
  fc.assert(
    fc.property(situation, (given) => {
      const { retire, room } = planStreams(given);
      const kept = given.open.slice(0, given.open.length - retire).reduce((sum, one) => sum + one, 0);
      expect(kept + room).toBeLessThanOrEqual(Math.max(0, given.wanted - given.heldElsewhere));
      expect(retire === 0 || room === 0).toBe(true);
    }),
  );
});

test("the bytes of all streams together are those of one consumer, however many there are", () => {
  const open: number[] = [];
  while (open.length < 4) open.push(bytesOfNext(open));
  expect(open).toEqual([52_428_800, 26_214_400, 13_107_200, 13_107_200]);
  expect(open.reduce((sum, bytes) => sum + bytes, 0)).toBe(PUBSUB_MAX_OUTSTANDING_BYTES);
});

test("streams that come and go leave room for the largest message, and stay within the bytes of all", () => {
  // A number below the count of open streams ends that one; any other opens one.
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 7 }), { maxLength: 200 }), (steps) => {
      let open: number[] = [];
      for (const step of steps) {
        if (open.length === 4 || step < open.length) open = open.filter((_, index) => index !== step % 4);
        else open.push(bytesOfNext(open));
        expect(Math.min(...open, Number.POSITIVE_INFINITY)).toBeGreaterThan(10_000_000);
        expect(open.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(PUBSUB_MAX_OUTSTANDING_BYTES);
      }
    }),
    { numRuns: 100 },
  );
});
