import { expect, test } from "vitest";

import { cancelledError } from "./abort.ts";

test("the signal's reason is the cause, untouched", () => {
  const reason = { why: "the user left" };
  const error = cancelledError(AbortSignal.abort(reason), {
    operation: "send",
    target: "fake://t",
    ambiguous: true,
  });
  expect(error).toMatchObject({ code: "CANCELLED", operation: "send", target: "fake://t", ambiguous: true });
  expect(error.cause).toBe(reason);
});
