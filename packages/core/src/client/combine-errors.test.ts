import { expect, test } from "vitest";
import { queueError, QueueError, unsupported } from "../errors/queue-error.ts";
import { combineErrors } from "./combine-errors.ts";

const place = { operation: "open", provider: "fake", target: "fake://here/orders" } as const;

test("one error of anyqueue is returned as it is", () => {
  const error = new QueueError("NOT_FOUND", { what: "gone" });
  expect(combineErrors([error], "it failed")).toBe(error);
});

test("several keep the place and the details of the first of anyqueue, the texts and the causes of all", () => {
  const plain = new Error("plain");
  const first = queueError("MESSAGE_TOO_LARGE", { what: "no", ...place }, { sizeBytes: 2, limitBytes: 1 });
  const combined = combineErrors([plain, first, unsupported("delay", { what: "none" })], "it failed");
  expect(combined).toMatchObject({ code: "MESSAGE_TOO_LARGE", ...place, sizeBytes: 2, limitBytes: 1 });
  expect(combined.message).toMatch(/it failed:\n- plain\n- MESSAGE_TOO_LARGE[^]*\n- UNSUPPORTED[^]*3 in all/);
  expect(combined).toHaveProperty("cause.errors", expect.arrayContaining([plain, first]));
  expect(combined.remedy).toBe("Correct each of them.");
});

test.each([
  [true, true, true],
  [true, false, false],
  [false, true, false],
])("retryable %s and %s are together %s: a call succeeds only if each of them can", (one, other, both) => {
  const errors = [one, other].map((retryable) => new QueueError("UNAVAILABLE", { what: "down", retryable }));
  expect(combineErrors(errors, "it failed").retryable).toBe(both);
});

test("one ambiguous error makes all of it ambiguous", () => {
  const errors = [true, false].map((ambiguous) => new QueueError("TIMEOUT", { what: "late", ambiguous }));
  expect(combineErrors(errors, "it failed").ambiguous).toBe(true);
  expect(combineErrors(errors.toReversed(), "it failed").ambiguous).toBe(true);
});
