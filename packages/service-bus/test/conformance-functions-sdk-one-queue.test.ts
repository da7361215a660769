import { conformance, SERVERLESS_CASES } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { functionsHarness } from "./functions/functions-harness.ts";

const harness = functionsHarness({ kind: "queue", binding: "sdk", cardinality: "one" });

conformance(test, { harness, only: SERVERLESS_CASES, afterAll });

afterEach(() => {
  expect(harness.calls.take(), "calls of functions").toBeGreaterThan(0);
});
