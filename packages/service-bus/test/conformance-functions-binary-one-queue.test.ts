import { conformance, SERVERLESS_CASES } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { functionsHarness } from "./functions/functions-harness.ts";
import { DEAD_LETTER_CASES } from "./functions/serverless-cases.ts";

const harness = functionsHarness({ kind: "queue", binding: "binary", cardinality: "one" });

conformance(test, {
  harness,
  only: SERVERLESS_CASES.filter((id) => !DEAD_LETTER_CASES.includes(id)),
  afterAll,
});

afterEach(() => {
  expect(harness.calls.take(), "calls of functions").toBeGreaterThan(0);
});
