import { expect, test } from "vitest";
import { FailedKeys } from "./failed-keys.ts";

const ONE_STREAM = { stream: 0 } as const;

test("what follows a message that is kept back until later is dropped: it comes again with the message", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 5_000);
  expect(keys.judge("k", "m2", 4_999)).toBe("drop");
  expect(keys.judge("other", "m3", 4_999)).toBe("take");
  expect(keys.judge(undefined, "m4", 4_999)).toBe("take");
  expect(keys.judge("k", "m1", 5_010)).toBe("take");
  expect(keys.judge("k", "m2", 5_010)).toBe("take");
});

test("what comes while the request is out, or just after the message should have come, goes back at once", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  expect(keys.judge("k", "m2", 10)).toBe("give-back");
  keys.released("k", "m1", 100);
  expect(keys.judge("k", "m2", 500)).toBe("give-back");
  keys.returning("k", "m2", { ...ONE_STREAM, sinceMs: 500, comesAtMs: 10_500 });
  // Sent after the first was due, but perhaps before that had left.
  expect(keys.judge("k", "m2", 1_099)).toBe("give-back");
  // Another consumer has the message, and has settled it.
  expect(keys.judge("k", "m2", 1_100)).toBe("take");
});

test("what was sent a second after the message was due need not go back, however late it comes", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 100);
  expect(keys.judge("k", "m2", 9_000, { sentAfterMs: 1_099 })).toBe("give-back");
  expect(keys.judge("k", "m2", 9_000, { sentAfterMs: 1_100 })).toBe("take");
});

// If the first one took effect, somebody else may be done with the message: dropped, what follows is overtaken.
test("of two returns of a message the first may be the one that took effect", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 5_000, 4_000);
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 1_000, comesAtMs: 61_000 });
  keys.released("k", "m1", 20_000, 19_000);
  expect(keys.judge("k", "m2", 3_999)).toBe("drop");
  expect(keys.judge("k", "m2", 4_000)).toBe("give-back");
});

test("what a stream brings late goes back once: only what comes after that was sent after the message", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.returning("k", "m2", { ...ONE_STREAM, sinceMs: 10, comesAtMs: 10_010 });
  keys.released("k", "m2", 20);
  keys.released("k", "m1", 100);
  expect(keys.judge("k", "m2", 3_000)).toBe("give-back");
  keys.returning("k", "m2", { ...ONE_STREAM, sinceMs: 3_000, comesAtMs: 13_000 });
  expect(keys.judge("k", "m3", 3_010)).toBe("give-back");
  expect(keys.judge("k", "m1", 5_000)).toBe("take");
  expect(keys.judge("k", "m2", 6_000)).toBe("take");
});

test("a message that came again before the answer to its return stays there", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  expect(keys.judge("k", "m1", 10)).toBe("take");
  keys.released("k", "m1", 60_000);
  expect(keys.judge("k", "m2", 20)).toBe("take");
});

test("a message that nobody got holds up what follows it, and nothing before it", () => {
  const keys = new FailedKeys();
  keys.lost("k", "m2", { comesAtMs: 60_000 });
  expect(keys.judge("k", "m3", 10)).toBe("drop");
  keys.releasing("j", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.lost("j", "m2", { comesAtMs: 60_000 });
  expect(keys.judge("j", "m1", 10)).toBe("take");
  keys.returning("i", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.lost("i", "m2", { comesAtMs: 60_000 });
  expect(keys.judge("i", "m1", 10)).toBe("take");
});

test("what follows it goes back once its lease may be over: somebody else may have it by then", () => {
  const keys = new FailedKeys();
  keys.lost("k", "m1", { comesAtMs: 61_000, earliestMs: 60_000 });
  expect(keys.judge("k", "m2", 59_999)).toBe("drop");
  expect(keys.judge("k", "m2", 60_000)).toBe("give-back");
  keys.lost("j", "m1", { comesAtMs: 61_000 });
  keys.dropped("j", "m2", { comesAtMs: 70_000, earliestMs: 69_000 });
  expect(keys.judge("j", "m3", 69_000, { sentAfterMs: 69_000 })).toBe("give-back");
  // Once a second, and the service counts that: not for long.
  keys.lost("i", "m1", { comesAtMs: 61_000, earliestMs: 10_000 });
  expect(keys.judge("i", "m2", 58_999)).toBe("drop");
  expect(keys.judge("i", "m2", 59_000)).toBe("give-back");
});

test("so it does although the key waited for one before it, which somebody else settles", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 100);
  keys.lost("k", "m2", { comesAtMs: 65_000 });
  expect(keys.judge("k", "m3", 5_000, { sentAfterMs: 5_000 })).toBe("drop");
  keys.dropped("k", "m3", { comesAtMs: 70_000 });
  expect(keys.judge("k", "m4", 69_000, { sentAfterMs: 69_000 })).toBe("drop");
});

test("what another stream brings just after a message is back may have been sent before that, and goes back", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  expect(keys.judge("k", "m1", 100, { stream: 1 })).toBe("take");
  expect(keys.judge("k", "m2", 110, { stream: 1 })).toBe("take");
  // Behind m2 on its way: the service has taken it back.
  expect(keys.judge("k", "m4", 120)).toBe("give-back");
  keys.returning("k", "m4", { ...ONE_STREAM, sinceMs: 120, comesAtMs: 60_120 });
  // The answer to the release comes last of all.
  keys.released("k", "m1", 200);
  expect(keys.judge("k", "m3", 210, { stream: 1 })).toBe("take");
  expect(keys.judge("k", "m4", 1_100)).toBe("take");
});

test("a message that came again and that nobody got then holds up what follows it for its whole lease", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 1_000, 900);
  keys.lost("k", "m1", { comesAtMs: 61_000 });
  // Published later than the message was due, so nothing else would hold it up.
  expect(keys.judge("k", "m2", 5_000, { sentAfterMs: 5_000 })).toBe("drop");
  expect(keys.judge("k", "m1", 61_010)).toBe("take");
});

test("what follows a message that is on its way back as early goes back as well, however long that takes", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 100);
  keys.returning("k", "m2", { ...ONE_STREAM, sinceMs: 1_000, comesAtMs: 61_000 });
  // Another consumer has the first by now, but the second is still here.
  expect(keys.judge("k", "m3", 5_000)).toBe("give-back");
  keys.returning("k", "m3", { ...ONE_STREAM, sinceMs: 5_000, comesAtMs: 65_000 });
  keys.released("k", "m2", 6_000);
  expect(keys.judge("k", "m4", 6_010)).toBe("give-back");
  keys.released("k", "m3", 6_020);
  expect(keys.judge("k", "m2", 6_030)).toBe("take");
  expect(keys.judge("k", "m3", 6_030)).toBe("take");
});

test("of messages that went back as early each may be the first that comes again", () => {
  const keys = new FailedKeys();
  keys.returning("k", "m3", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m3", 100);
  keys.returning("k", "m2", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m2", 200);
  expect(keys.judge("k", "m2", 210)).toBe("take");
});

// Given back once more, it costs an attempt, and later messages of its key overtake it.
test("what went back behind an early one when that could come again is taken without a further wait", () => {
  const keys = new FailedKeys();
  const times = { ...ONE_STREAM, comesAtMs: 60_000 };
  keys.returning("k", "m1", { ...times, sinceMs: 0, publishedAtMs: 7 });
  keys.released("k", "m1", 100);
  keys.returning("k", "m2", { ...times, sinceMs: 120, publishedAtMs: 8 });
  keys.released("k", "m2", 130);
  expect(keys.judge("k", "m2", 150, { publishedAtMs: 8 })).toBe("take");
});

test("what went back as early does not hold up the failed message before it", () => {
  const keys = new FailedKeys();
  keys.returning("k", "m2", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.releasing("k", "m1", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000 });
  keys.released("k", "m1", 5_000);
  expect(keys.judge("k", "m2", 4_000)).toBe("drop");
  expect(keys.judge("k", "m1", 5_010)).toBe("take");
});

test("a message that comes again before the answer to its return is handed over, and what follows it too", () => {
  const keys = new FailedKeys();
  keys.returning("k", "10", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000, publishedAtMs: 7 });
  keys.returning("k", "9", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000, publishedAtMs: 7 });
  keys.returning("k", "11", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000, publishedAtMs: 6 });
  expect(keys.judge("k", "9", 50, { publishedAtMs: 7 })).toBe("give-back");
  expect(keys.judge("k", "10", 50, { publishedAtMs: 7 })).toBe("give-back");
  expect(keys.judge("k", "11", 50, { publishedAtMs: 6 })).toBe("take");
  expect(keys.judge("k", "9", 50, { publishedAtMs: 7 })).toBe("take");
});

test("ids of messages that were published together count up, also where they get longer", () => {
  const keys = new FailedKeys();
  for (const id of ["10", "9"])
    keys.returning("k", id, { ...ONE_STREAM, sinceMs: 0, comesAtMs: 60_000, publishedAtMs: 7 });
  expect(keys.judge("k", "10", 50, { publishedAtMs: 7 })).toBe("give-back");
  expect(keys.judge("k", "9", 50, { publishedAtMs: 7 })).toBe("take");
});

test.each([
  ["in their order", ["m1", "m2"]],
  ["in another order", ["m2", "m1"]],
] as const)("of messages that were handed over and went back %s the first comes first", (_how, order) => {
  const keys = new FailedKeys();
  const publishedAtMs = { m1: 7, m2: 8 };
  for (const id of order)
    keys.releasing("k", id, {
      ...ONE_STREAM,
      sinceMs: 0,
      comesAtMs: 60_000,
      publishedAtMs: publishedAtMs[id],
    });
  keys.released("k", "m1", 100);
  keys.released("k", "m2", 60_000);
  expect(keys.judge("k", "m3", 110, { publishedAtMs: 9 })).toBe("drop");
  expect(keys.judge("k", "m2", 110, { publishedAtMs: 8 })).toBe("give-back");
  expect(keys.judge("k", "m1", 110, { publishedAtMs: 7 })).toBe("take");
  expect(keys.judge("k", "m2", 110, { publishedAtMs: 8 })).toBe("take");
});

test("what was dropped behind a message that somebody else settled is waited for in its turn", () => {
  const keys = new FailedKeys();
  keys.lost("k", "m1", { comesAtMs: 5_000 });
  expect(keys.judge("k", "m2", 3_000)).toBe("drop");
  keys.dropped("k", "m2", { comesAtMs: 13_000 });
  expect(keys.judge("k", "m3", 8_000)).toBe("drop");
  keys.dropped("k", "m3", { comesAtMs: 18_000 });
  expect(keys.judge("k", "m2", 13_010)).toBe("take");
  expect(keys.judge("k", "m3", 13_010)).toBe("take");
});

test("keys of which nothing comes again are forgotten, and no other", () => {
  const keys = new FailedKeys();
  keys.releasing("held", "m", { ...ONE_STREAM, sinceMs: 0, comesAtMs: 50_000 });
  keys.released("held", "m", 50_000);
  // Forgotten too early, a key's later message would run before the failed one.
  const verdicts = new Set<string>();
  for (let index = 0; index < 100_000; index += 1) {
    keys.releasing(`k-${index}`, `m-${index}`, { ...ONE_STREAM, sinceMs: 0, comesAtMs: index + 10_000 });
    keys.released(`k-${index}`, `m-${index}`, index);
    keys.judge("another", "m", index);
    if (index < 51_000) verdicts.add(keys.judge("held", "later", index));
  }
  expect([keys.size < 5_000, [...verdicts]]).toEqual([true, ["drop", "give-back"]]);
});
