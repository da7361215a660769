import { conformance, SERVERLESS_CASES } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { functionsHarness } from "./functions/functions-harness.ts";
import { DEAD_LETTER_CASES, KEPT_LOCK_CASES } from "./functions/serverless-cases.ts";

const harness = functionsHarness({ kind: "queue", binding: "binary", cardinality: "many" });
const others = [...DEAD_LETTER_CASES, ...KEPT_LOCK_CASES];

conformance(test, { harness, only: SERVERLESS_CASES.filter((id) => !others.includes(id)), afterAll });

afterEach(() => {
  expect(harness.calls.take(), "calls of functions").toBeGreaterThan(0);
});
