import type { HttpAnswer } from "../../../http/http-exchange.ts";
import type { SqsCall, SqsWire } from "../sqs-call.ts";
import { sqsError } from "../sqs-errors.ts";
import { isRecord } from "./operation-input.ts";

const TARGET_PREFIX = "AmazonSQS.";

/**
 * AWS JSON 1.0, which the current SDKs speak.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html and, for the error header,
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait (2026-11-24)
 */
export const jsonWire: SqsWire = {
  name: "json",

  decode(exchange): SqsCall {
    const target = String(exchange.headers["x-amz-target"] ?? "");
    const operation = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : target;
    return { operation, members: parseMembers(exchange.body) };
  },

  encodeOutput: (_operation, output, requestId) =>
    answer(200, requestId, output === undefined ? "" : JSON.stringify(output)),

  encodeError(error, requestId) {
    const body = JSON.stringify({ __type: error.type, message: error.message });
    const plain = answer(error.status, requestId, body);
    const fault = error.isReceiverFault ? "Receiver" : "Sender";
    return { ...plain, headers: { ...plain.headers, "x-amzn-query-error": `${error.queryCode};${fault}` } };
  },
};

function parseMembers(body: string): Readonly<Record<string, unknown>> {
  if (body === "") return {};
  let members: unknown;
  try {
    members = JSON.parse(body);
  } catch {
    throw sqsError("MalformedInput", "The request body is not valid JSON.");
  }
  if (isRecord(members)) return members;
  throw sqsError("MalformedInput", "The request body must be a JSON object.");
}

function answer(status: number, requestId: string, body: string): HttpAnswer {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId },
    body,
  };
}
