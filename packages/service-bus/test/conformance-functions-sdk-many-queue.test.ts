import { conformance } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { functionsHarness } from "./functions/functions-harness.ts";
import { SERVERLESS_CASES } from "./functions/serverless-cases.ts";

const harness = functionsHarness({ kind: "queue", binding: "sdk", cardinality: "many" });

conformance(test, { harness, only: SERVERLESS_CASES, afterAll });

afterEach(() => {
  expect(harness.takeCalls(), "calls of functions").toBeGreaterThan(0);
});
