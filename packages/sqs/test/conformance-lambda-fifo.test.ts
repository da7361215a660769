import { conformance } from "@anyqueue/conformance";
import { afterAll, afterEach, expect, test } from "vitest";
import { lambdaHarness } from "./lambda/lambda-harness.ts";
import { SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "./lambda/serverless-cases.ts";

const harness = lambdaHarness("fifo");

conformance(test, { harness, only: [...SERVERLESS_CASES, ...SERVERLESS_ORDER_CASES], afterAll });

afterEach(() => {
  expect(harness.takeInvocations(), "invocations of functions").toBeGreaterThan(0);
});
