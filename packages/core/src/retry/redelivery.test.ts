import { describe, expect, test } from "vitest";
import { RetryError } from "../errors/handler-errors.ts";
import { decideRedelivery, type RedeliveryPolicy } from "./redelivery.ts";

const errors: unknown[] = [];
const POLICY: RedeliveryPolicy = {
  attempts: 5,
  delay: undefined,
  bounds: { minMs: 1_000, maxMs: 300_000 },
  random: () => 1,
  onPolicyError: (error) => errors.push(error),
};

describe("what follows a failure", () => {
  test("is an exponential back-off up to its bound", () => {
    const unlimited = { ...POLICY, attempts: Number.POSITIVE_INFINITY };
    const delays = [1, 2, 3, 4, 9, 10, 1_000].map((attempt) =>
      decideRedelivery(unlimited, attempt, undefined),
    );
    expect(delays).toEqual(
      [1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000].map((delayMs) => ({ kind: "retry", delayMs })),
    );
  });

  test.each([
    [4, "retry"],
    [5, "dead-letter"],
    [6, "dead-letter"],
  ])("after attempt %i of 5 is %s", (attempt, kind) => {
    expect(decideRedelivery(POLICY, attempt, undefined).kind).toBe(kind);
  });

  test("is the delay of a RetryError, which counts as an attempt", () => {
    expect(decideRedelivery(POLICY, 1, new RetryError({ delay: "9s" }))).toEqual({
      kind: "retry",
      delayMs: 9_000,
    });
    expect(decideRedelivery(POLICY, 5, new RetryError({ delay: "9s" })).kind).toBe("dead-letter");
    expect(decideRedelivery(POLICY, 1, new RetryError())).toEqual({ kind: "retry", delayMs: 1_000 });
  });

  test("is what the application's function says, given attempt and error", () => {
    const seen: unknown[] = [];
    const error = new Error("x");
    const policy: RedeliveryPolicy = {
      ...POLICY,
      delay: (attempt, given) => {
        seen.push([attempt, given]);
        return attempt === 1 ? "1500ms" : "dead-letter";
      },
    };
    expect(decideRedelivery(policy, 1, error)).toEqual({ kind: "retry", delayMs: 1_500 });
    expect(decideRedelivery(policy, 2, error)).toEqual({ kind: "dead-letter", reason: "RETRY_POLICY" });
    expect(seen).toEqual([
      [1, error],
      [2, error],
    ]);
  });

  test.each([
    ["throws", thrower],
    ["gives no duration", () => "soon"],
    ["gives nothing", () => undefined],
    ["is asynchronous", async () => await Promise.reject(new Error("bad policy"))],
  ])("is the back-off where that function %s, and the error is reported", (_what, delay) => {
    errors.length = 0;
    const policy = { ...POLICY, delay: delay as never };
    expect(decideRedelivery(policy, 1, undefined)).toEqual({ kind: "retry", delayMs: 1_000 });
    expect(errors).toHaveLength(1);
  });
});

function thrower(): never {
  throw new Error("bad policy");
}
