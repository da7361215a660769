import { expect, test } from "vitest";
import { classifySqsError } from "../src/sqs-errors.ts";
import type { HttpReply } from "../src/sqs-http-handler.ts";
import { call, connect, serveEachTest, server } from "./copying-clients.ts";
import { rejection } from "./open-adapter.ts";

serveEachTest();

// The trap: releases 3.946 to 3.994 of the SDK fail with a TypeError over every refusal without the header
// `x-amzn-query-error`. https://github.com/aws/aws-sdk-js-v3/issues/7749 (2026-11-30)
test.each([
  [400, '{"__type":"com.amazon.coral.availability#ThrottlingException"}', "THROTTLED", false],
  [403, '{"__type":"RequestExpired"}', "UNAUTHENTICATED", false],
  [500, "", "UNAVAILABLE", true],
  [503, "<html>busy</html>", "UNAVAILABLE", false],
])(
  "an answer with status %s (%s) over which the SDK fails is what it says: %s",
  async (status, body, code, ambiguous) => {
    const { client } = connect();
    client.sdkClient.middlewareStack.add(
      (next) => async (args) => {
        const { response } = (await next(args)) as { readonly response: HttpReply };
        // As the SDK leaves it: bytes that are no buffer.
        const $response = { ...response, body: Uint8Array.from(response.body) };
        const error = new TypeError("Cannot read properties of undefined (reading 'Type')");
        throw Object.assign(error, { $response, $metadata: { attempts: 1 } });
      },
      { step: "deserialize", priority: "low", name: "failing" },
    );
    server.answer("SendMessageBatch", () => ({ status, body }));
    const error = await rejection(call(client, "SendMessageBatch"));
    expect(error).toBeInstanceOf(TypeError);
    expect(classifySqsError(error, "send")).toMatchObject({ code, ambiguous });
  },
);
