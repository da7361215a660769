import { describe, expect, test, vi } from "vitest";
import { errorOf } from "../../test/consumer-bench.ts";
import { createVirtualClock } from "../testing.ts";
import { CutOff, type Cuttable } from "./cut-off.ts";
import { timedRequest } from "./timed-request.ts";

describe("a request", () => {
  test("gives its answer, and leaves no timer and no abort behind", async () => {
    const clock = createVirtualClock();
    const signals: AbortSignal[] = [];
    const answer = await timedRequest(clock, "ack", 1_000, async (signal) => {
      signals.push(signal);
      return await Promise.resolve("done");
    });
    expect(answer).toBe("done");
    await clock.settle();
    expect(clock.pendingTimers).toBe(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test("leaves nothing of itself with what would have cut it off", async () => {
    const cutOff = new CutOff();
    const added = vi.spyOn(cutOff, "add");
    const signals: AbortSignal[] = [];
    const call = async (signal: AbortSignal): Promise<void> => {
      signals.push(signal);
      await Promise.resolve();
    };
    const clock = createVirtualClock();
    await timedRequest(clock, "ack", 1_000, call, cutOff);
    await clock.settle();
    cutOff.end();
    const [request] = added.mock.lastCall ?? [];
    expect(request).toMatchObject({ previous: undefined, next: undefined } satisfies Partial<Cuttable>);
    expect([clock.pendingTimers, ...signals.map(({ aborted }) => aborted)]).toEqual([0, false]);
  });

  test("rejects with the error of the call, and leaves no timer", async () => {
    const clock = createVirtualClock();
    const failed = new Error("refused");
    expect(await errorOf(timedRequest(clock, "ack", 1_000, async () => await Promise.reject(failed)))).toBe(
      failed,
    );
    await clock.settle();
    expect(clock.pendingTimers).toBe(0);
  });

  test("without an answer times out, though it may have worked, and tells the call", async () => {
    const clock = createVirtualClock();
    const signals: AbortSignal[] = [];
    const failure = errorOf(
      timedRequest(clock, "release", 1_000, async (signal) => {
        signals.push(signal);
        return await new Promise(() => {});
      }),
    );
    await clock.advance(999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    const error = await failure;
    expect(error).toMatchObject({
      code: "TIMEOUT",
      operation: "release",
      ambiguous: true,
      message: expect.stringContaining("1000 ms"),
    });
    expect(signals[0]?.reason).toBe(error);
  });

  test("that rejects because it was aborted is a time-out all the same", async () => {
    const clock = createVirtualClock();
    const failure = errorOf(
      timedRequest(clock, "ack", 1_000, async (signal) => {
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reject(new Error("aborted"));
          });
        });
      }),
    );
    await clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "TIMEOUT" });
  });

  test("takes what a driver that is aborted knows by then", async () => {
    const clock = createVirtualClock();
    const answer = timedRequest(
      clock,
      "ack",
      1_000,
      async (signal) =>
        await new Promise<string>((resolve) => {
          signal.addEventListener("abort", () => {
            resolve("two of three");
          });
        }),
    );
    await clock.advance(1_000);
    expect(await answer).toBe("two of three");
    expect(clock.pendingTimers).toBe(0);
  });

  test("ends when it is cut, and does not begin after that", async () => {
    const clock = createVirtualClock();
    const cutOff = new CutOff();
    const signals: AbortSignal[] = [];
    const call = async (signal: AbortSignal): Promise<never> => {
      signals.push(signal);
      return await new Promise(() => {});
    };
    const failure = errorOf(timedRequest(clock, "ack", 1_000, call, cutOff));
    cutOff.end();
    await clock.advance(1);
    expect(await failure).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    const late = await errorOf(timedRequest(clock, "ack", 1_000, call, cutOff));
    expect(late).toMatchObject({ code: "TIMEOUT", ambiguous: false });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
