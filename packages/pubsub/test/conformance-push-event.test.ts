import { conformance } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { PUSH_CASES, PUSH_ORDER_CASES } from "./push/push-cases.ts";
import { pushHarness } from "./push/push-harness.ts";

const harness = pushHarness("ordered", "event");

conformance(test, { harness, only: [...PUSH_CASES, ...PUSH_ORDER_CASES], afterAll });

afterEach(() => {
  expect(harness.calls.take(), "pushes").toBeGreaterThan(0);
});
