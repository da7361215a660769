import { conformance, SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { lambdaHarness } from "./lambda/lambda-harness.ts";

const harness = lambdaHarness("fifo");

conformance(test, { harness, only: [...SERVERLESS_CASES, ...SERVERLESS_ORDER_CASES], afterAll });

afterEach(() => {
  expect(harness.calls.take(), "invocations of functions").toBeGreaterThan(0);
});
