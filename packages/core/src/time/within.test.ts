import { expect, test, describe } from "vitest";
import { createVirtualClock } from "../testing.ts";
import { within } from "./within.ts";

const never = async (): Promise<void> => await new Promise(() => {});

describe("a wait with an end", () => {
  test("is true for what ended in time, and false for what did not", async () => {
    const clock = createVirtualClock();
    expect(await within(clock, 10, Promise.resolve())).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    const late = within(clock, 10, never());
    await clock.advance(10);
    expect(await late).toBe(false);
  });

  test("rejects with what it waits for, and leaves no timer", async () => {
    const clock = createVirtualClock();
    await expect(within(clock, 10, Promise.reject(new Error("no")))).rejects.toThrow("no");
    await clock.settle();
    expect(clock.pendingTimers).toBe(0);
  });
});
