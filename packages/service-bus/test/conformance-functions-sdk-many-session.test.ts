import { conformance, SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { functionsHarness } from "./functions/functions-harness.ts";

const harness = functionsHarness({ kind: "session", binding: "sdk", cardinality: "many" });
const only = [...SERVERLESS_CASES, ...SERVERLESS_ORDER_CASES];

conformance(test, { harness, only, afterAll });

afterEach(() => {
  expect(harness.calls.take(), "calls of functions").toBeGreaterThan(0);
});
