import { conformance } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { lambdaHarness } from "./lambda/lambda-harness.ts";
import { SERVERLESS_CASES } from "./lambda/serverless-cases.ts";

const harness = lambdaHarness("standard");

conformance(test, { harness, only: SERVERLESS_CASES, afterAll });

afterEach(() => {
  expect(harness.takeInvocations(), "invocations of functions").toBeGreaterThan(0);
});
