import type { HttpAnswer, HttpExchange } from "../../../http/http-exchange.ts";
import type { SqsCall, SqsWire } from "../sqs-call.ts";
import { sqsError } from "../sqs-errors.ts";
import { membersOfForm } from "./query-members.ts";
import { element, escapeText, renderMembers } from "./query-xml.ts";

const NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/";

/**
 * The query protocol of 2012, used by older SDKs and tools.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html (2026-11-24)
 */
export const queryWire: SqsWire = {
  name: "query",

  decode(exchange, baseUrl): SqsCall {
    const form = readForm(exchange);
    const operation = form.get("Action");
    if (operation === null) throw sqsError("MissingAction", "The request must contain the parameter Action.");
    const members = membersOfForm(form);
    return { operation, members: { ...queueUrlOfPath(exchange, baseUrl), ...members } };
  },

  encodeOutput(operation, output, requestId) {
    // Clients of an operation with output fail if the result element is missing, even an empty one.
    const result =
      output === undefined ? "" : element(`${operation}Result`, renderMembers(operation, output));
    const metadata = element("ResponseMetadata", element("RequestId", requestId));
    return answer(200, requestId, document(`${operation}Response`, `${result}${metadata}`));
  },

  encodeError(error, requestId) {
    const details = [
      element("Type", error.isReceiverFault ? "Receiver" : "Sender"),
      element("Code", escapeText(error.queryCode)),
      element("Message", escapeText(queryMessage(error.message))),
      "<Detail/>",
    ];
    const body = `${element("Error", details.join(""))}${element("RequestId", requestId)}`;
    return answer(error.status, requestId, document("ErrorResponse", body));
  },
};

function readForm(exchange: HttpExchange): URLSearchParams {
  const form = new URLSearchParams(exchange.body);
  for (const [name, value] of exchange.target.searchParams) if (!form.has(name)) form.append(name, value);
  return form;
}

/** Older tools post to the queue's URL and leave out QueueUrl. */
function queueUrlOfPath(exchange: HttpExchange, baseUrl: string): { readonly QueueUrl?: string } {
  const { pathname } = exchange.target;
  return pathname === "/" ? {} : { QueueUrl: `${baseUrl}${pathname}` };
}

/** The only text that was recorded to differ between the protocols. */
function queryMessage(message: string): string {
  return message === "The specified queue does not exist."
    ? "The specified queue does not exist for this wsdl version."
    : message;
}

function document(name: string, content: string): string {
  return `<?xml version="1.0"?><${name} xmlns="${NAMESPACE}">${content}</${name}>`;
}

function answer(status: number, requestId: string, body: string): HttpAnswer {
  return { status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body };
}
