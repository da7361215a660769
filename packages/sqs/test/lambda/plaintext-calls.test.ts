import { defineQueue, RetryError } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { expect, test, vi } from "vitest";
import { sqsCalls } from "../../src/index.ts";
import { sqsEvents } from "../../src/lambda.ts";
import { lambdaContext, lambdaEvent } from "../../src/testing.ts";
import { ANY_CREDENTIALS } from "../open-adapter.ts";

const orders = defineQueue<{ readonly orderId: string }>("orders", { retry: { attempts: 3 } });

// LocalStack, for one, sets it in the containers of functions, and no URL of a connection could allow it.
test.each([
  ["the environment names", {}, "CONNECTION_LOST"],
  ["an option names", { endpoint: "http://queues.invalid:4566" }, "INVALID_ARGUMENT"],
  [
    "a queue URL names",
    { deadLetterQueue: "http://queues.invalid:4566/123456789012/dead" },
    "INVALID_ARGUMENT",
  ],
])("plain http to another machine that %s", async (_who, options, code) => {
  vi.stubEnv("AWS_ENDPOINT_URL_SQS", "http://queues.invalid:4566");
  const event = lambdaEvent(orders, [{ body: { orderId: "o-1" } }]);
  const calls = sqsCalls({ changeVisibility: true, credentials: ANY_CREDENTIALS, ...options });
  const failed: unknown[] = [];
  const listener = { "settle-failed": ({ error }: { error: unknown }) => void failed.push(error) };
  const fails = (): never => {
    throw new RetryError({ delay: "30s" });
  };
  const call = createHandler(orders, sqsEvents({ calls }), fails, { listener });
  try {
    await call(event, lambdaContext("3s"));
  } catch (error) {
    failed.push(error);
  }
  expect(failed).toMatchObject([{ code }]);
});
