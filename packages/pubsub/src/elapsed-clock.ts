import { ElapsedTime, type Clock } from "@anyqueue/core/adapter";

/** `clock`, with a `now` that runs on while the machine sleeps, as leases do. Its timers stand still meanwhile. */
export function elapsedClock(clock: Clock): Clock {
  const time = new ElapsedTime(clock);
  return {
    now: () => time.read(),
    bootNow: () => clock.bootNow(),
    wallNow: () => clock.wallNow(),
    setTimer: (callback, delayMs, keepAlive) => clock.setTimer(callback, delayMs, keepAlive),
  };
}
