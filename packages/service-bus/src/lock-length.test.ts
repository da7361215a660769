import { systemClock } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { LockLength } from "./lock-length.ts";
import { MAX_LOCK_MS, MIN_LOCK_MS } from "./service-bus-limits.ts";

test.each([
  ["missing", undefined],
  ["no date", new Date(Number.NaN)],
])("a lock whose end is %s counts as one of the longest", (_, until) => {
  const locks = new LockLength(systemClock);
  const before = locks.now();
  expect(locks.untilMs({ lockedUntilUtc: until })).toBeGreaterThanOrEqual(before + MAX_LOCK_MS);
});

test("a lock that ended long ago by a clock that is fast counts as one of the shortest", () => {
  const locks = new LockLength(systemClock);
  const before = locks.now();
  const until = locks.untilMs({ lockedUntilUtc: new Date(systemClock.wallNow() - 3_600_000) });
  expect(until).toBeGreaterThanOrEqual(before + MIN_LOCK_MS);
  expect(until).toBeLessThan(before + MAX_LOCK_MS);
});

describe("a lock of 30 s seems to last for minutes by a clock that is slow", () => {
  const LOCK_MS = 30_000;

  /** Of a message that was handed out `waitedMs` after it was enqueued; the service's clock is 4 min ahead. */
  function lockedAfter(waitedMs: number): { readonly lockedUntilUtc: Date; readonly enqueuedTimeUtc: Date } {
    const serviceNowMs = systemClock.wallNow() + 240_000;
    return {
      lockedUntilUtc: new Date(serviceNowMs + LOCK_MS),
      enqueuedTimeUtc: new Date(serviceNowMs - waitedMs),
    };
  }

  test("but not if its message was handed out at once, nor any lock or renewal after that one", () => {
    const locks = new LockLength(systemClock);
    for (const locked of [
      lockedAfter(0),
      lockedAfter(3_600_000),
      { lockedUntilUtc: lockedAfter(0).lockedUntilUtc },
    ])
      // Longer, and the engine would not renew it before it ends: the message would be handed out twice.
      expect(locks.untilMs(locked)).toBeLessThanOrEqual(locks.now() + LOCK_MS);
  });

  test("and never for less than the shortest that can be set, whatever the dates say", () => {
    const locks = new LockLength(systemClock);
    const before = locks.now();
    expect(locks.untilMs(lockedAfter(-LOCK_MS))).toBeGreaterThanOrEqual(before + MIN_LOCK_MS);
  });
});

describe("a length that a probe has read", () => {
  const KNOWN_MS = 60_000;

  /** How long a lock that lasts `lockMs` by the service's date counts. */
  function counted(lockMs: number | undefined): number {
    const locks = new LockLength(systemClock);
    locks.knownMs = KNOWN_MS;
    const lockedUntilUtc = lockMs === undefined ? undefined : new Date(systemClock.wallNow() + lockMs);
    return locks.untilMs({ lockedUntilUtc }) - locks.now();
  }

  test.each([
    ["without a date", undefined],
    ["by a clock that is slow", KNOWN_MS + 240_000],
  ])("bounds a lock %s", (_, lockMs) => {
    expect(counted(lockMs)).toBeGreaterThan(KNOWN_MS - 5_000);
    expect(counted(lockMs)).toBeLessThanOrEqual(KNOWN_MS + 1_000);
  });

  // Else the engine would renew its locks long after they have ended, until the process is started again.
  test("does not lengthen a lock once it was lowered", () => {
    expect(counted(10_000)).toBeLessThan(15_000);
    expect(counted(10_000)).toBeGreaterThanOrEqual(MIN_LOCK_MS);
  });

  test("replaces what was learned before it was raised", () => {
    const locks = new LockLength(systemClock);
    const nowMs = systemClock.wallNow();
    const lockedUntilUtc = new Date(nowMs + KNOWN_MS);
    locks.untilMs({ lockedUntilUtc, enqueuedTimeUtc: new Date(nowMs + KNOWN_MS - MIN_LOCK_MS) });
    locks.knownMs = KNOWN_MS;
    expect(locks.untilMs({ lockedUntilUtc }) - locks.now()).toBeGreaterThan(KNOWN_MS - 5_000);
  });
});
