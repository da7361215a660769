import { conformance, SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { functionsHarness } from "./functions/functions-harness.ts";
import { DEAD_LETTER_CASES } from "./functions/serverless-cases.ts";

const harness = functionsHarness({ kind: "session", binding: "binary", cardinality: "one" });
const only = [...SERVERLESS_CASES, ...SERVERLESS_ORDER_CASES].filter((id) => !DEAD_LETTER_CASES.includes(id));

conformance(test, { harness, only, afterAll });

afterEach(() => {
  expect(harness.calls.take(), "calls of functions").toBeGreaterThan(0);
});
