import { createRequire } from "node:module";
import { SQSClient } from "@aws-sdk/client-sqs";
import { systemClock, type QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { WrittenRequest } from "../src/http-head.ts";
import { SqsHttpHandler, type HttpRequest } from "../src/sqs-http-handler.ts";
import { sqs, type SqsOptions } from "../src/sqs-provider.ts";
import { ANY_CREDENTIALS, exact, never, outgoing, rejection, standard } from "./open-adapter.ts";
import { sent } from "./scripted-server.ts";

type Seen = Pick<HttpRequest, "protocol" | "hostname" | "headers" | "body">;
/** The requests that would have gone out, the SDK's as well as copies: these hosts are AWS's own. */
const requests: Seen[] = [];
let adapter: QueueAdapter | undefined;

beforeEach(() => {
  requests.length = 0;
  vi.spyOn(SqsHttpHandler.prototype, "exchange").mockImplementation(async (given) => {
    const request = "head" in given ? { ...given, headers: headersIn(given) } : given;
    requests.push(request);
    const headers = { "content-type": "application/x-amz-json-1.0" };
    const body = Buffer.from(JSON.stringify(answerTo(request)));
    return { response: { statusCode: 200, reason: "OK", headers, body } };
  });
});

afterEach(async () => {
  await adapter?.close();
  vi.unstubAllEnvs();
});

function headersIn({ head }: WrittenRequest): HttpRequest["headers"] {
  const [, ...lines] = head.trimEnd().split("\r\n");
  return Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
}

/** Answers as SQS does: queue URLs name the host of the request. */
function answerTo({ headers, hostname, body }: Seen): object {
  if (headers["x-amz-target"] === "AmazonSQS.GetQueueUrl")
    return { QueueUrl: `https://${hostname}/123456789012/orders` };
  if (headers["x-amz-target"] !== "AmazonSQS.SendMessageBatch") return { Attributes: {} };
  const { Entries } = JSON.parse(textOf(body)) as { Entries: { Id: string; MessageBody: string }[] };
  return { Successful: Entries.map(({ Id, MessageBody }) => sent(Id, MessageBody)) };
}

/** Reads the bytes this way because the SDK's bytes complain about any other. */
function textOf(body: unknown): string {
  if (!(body instanceof Uint8Array)) return String(body);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
}

function connect(authority: string, options: SqsOptions = {}): QueueAdapter {
  const url = { scheme: "sqs", authority, path: "", parameters: {}, text: `sqs://${authority}` };
  adapter = sqs({ credentials: ANY_CREDENTIALS, ...options }).connect(url, { clock: systemClock });
  return adapter;
}

/** Sends five times: twice by the SDK, then by copies. @returns hosts and scopes of signatures, each once */
async function places(from: QueueAdapter, queue?: string): Promise<readonly string[]> {
  const producer = from.openProducer(queue === undefined ? standard(from) : exact(from, queue));
  for (let count = 0; count < 5; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one teaches the next
    const results = await producer.sendBatch([outgoing(String(count))], never);
    expect(results).toMatchObject([{ ok: true }]);
  }
  const sends = requests.filter(({ headers }) => headers["x-amz-target"] === "AmazonSQS.SendMessageBatch");
  expect(sends).toHaveLength(5);
  return [...new Set(requests.map(placeOf))];
}

function placeOf({ protocol, hostname, headers }: Seen): string {
  expect(headers["host"]).toBe(hostname);
  const [, scope] =
    /Credential=[^/]+\/\d{8}\/([^,]+)\/aws4_request,/.exec(headers["authorization"] ?? "") ?? [];
  return `${protocol}//${hostname} ${scope}`;
}

const FIPS = { useFipsEndpoint: true };
const DUALSTACK = { useDualstackEndpoint: true };
const require = createRequire(import.meta.url);
const { version } = require("@aws-sdk/client-sqs/package.json") as { version: string };
/** Older releases of the SDK do not know the European sovereign cloud, as docs/adapters/sqs.md says. */
const EUSC_DOMAIN =
  version.localeCompare("3.782.0", "en", { numeric: true }) < 0 ? "amazonaws.com" : "amazonaws.eu";

test.each([
  ["us-gov-west-1", {}, "https://sqs.us-gov-west-1.amazonaws.com us-gov-west-1/sqs"],
  ["us-gov-west-1", { ...FIPS, ...DUALSTACK }, "https://sqs-fips.us-gov-west-1.api.aws us-gov-west-1/sqs"],
  ["cn-north-1", {}, "https://sqs.cn-north-1.amazonaws.com.cn cn-north-1/sqs"],
  ["cn-north-1", DUALSTACK, "https://sqs.cn-north-1.api.amazonwebservices.com.cn cn-north-1/sqs"],
  ["us-east-1", FIPS, "https://sqs-fips.us-east-1.amazonaws.com us-east-1/sqs"],
  ["us-east-1", DUALSTACK, "https://sqs.us-east-1.api.aws us-east-1/sqs"],
  ["eusc-de-east-1", {}, `https://sqs.eusc-de-east-1.${EUSC_DOMAIN} eusc-de-east-1/sqs`],
])("%s with %o is asked for at its host and signed for its region", async (region, clientOptions, place) => {
  expect(await places(connect(region, { clientOptions }))).toEqual([place]);
});

test.each([
  ["AWS_USE_FIPS_ENDPOINT", "https://sqs-fips.us-east-1.amazonaws.com us-east-1/sqs"],
  ["AWS_USE_DUALSTACK_ENDPOINT", "https://sqs.us-east-1.api.aws us-east-1/sqs"],
])("%s of the environment counts", async (name, place) => {
  vi.stubEnv(name, "true");
  expect(await places(connect("us-east-1"))).toEqual([place]);
});

test.each([
  ["us-east-1", "sqs.us-east-1.amazonaws.com", FIPS, "sqs-fips.us-east-1.amazonaws.com"],
  ["us-east-1", "queue.amazonaws.com", FIPS, "sqs-fips.us-east-1.amazonaws.com"],
  ["us-east-1", "sqs-fips.us-east-1.api.aws", {}, "sqs.us-east-1.amazonaws.com"],
  [
    "cn-north-1",
    "sqs.cn-north-1.api.amazonwebservices.com.cn",
    DUALSTACK,
    "sqs.cn-north-1.api.amazonwebservices.com.cn",
  ],
])(
  "in %s a queue URL with the host %s does not decide with %o",
  async (region, host, clientOptions, asked) => {
    const from = connect(region, { clientOptions });
    expect(await places(from, `https://${host}/123456789012/orders`)).toEqual([
      `https://${asked} ${region}/sqs`,
    ]);
  },
);

// The trap: the environment's region answers, too, and may have a queue of the same name.
test.each([
  "arn:aws:sqs:eu-west-1:123456789012:orders",
  "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
])("%s is asked for in its own region where the connection names none", async (queue) => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  expect(await places(connect(""), queue)).toEqual(["https://sqs.eu-west-1.amazonaws.com eu-west-1/sqs"]);
});

test("a queue of another region is refused where the application's own client is of one", async () => {
  const client = new SQSClient({ region: "us-east-1", credentials: ANY_CREDENTIALS });
  const url = { scheme: "sqs", authority: "", path: "", parameters: {}, text: "sqs:" };
  const from = sqs({ client }).connect(url, { clock: systemClock });
  const target = exact(from, "arn:aws:sqs:eu-west-1:123456789012:orders");
  const error = await rejection(from.openProducer(target).open?.(never));
  expect(from.classify(error, "open")).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false });
  expect(error).toMatchObject({ message: expect.stringContaining("eu-west-1") });
  client.destroy();
});

// The trap: a URL for local work beside a client that reaches the queue of the same name at AWS.
test.each([
  [undefined, "INVALID_ARGUMENT"],
  ["http://127.0.0.1:8", "INVALID_ARGUMENT"],
  ["http://127.0.0.1:9/", "CONNECTION_LOST"],
])(
  "a URL whose endpoint the application's own client (%s) does not call is refused",
  async (endpoint, code) => {
    const client = new SQSClient({
      region: "eu-west-1",
      credentials: ANY_CREDENTIALS,
      maxAttempts: 1,
      ...(endpoint !== undefined && { endpoint }),
    });
    const parameters = { endpoint: "http://127.0.0.1:9" };
    const url = { scheme: "sqs", authority: "eu-west-1", path: "", parameters, text: "sqs://eu-west-1" };
    const from = sqs({ client }).connect(url, { clock: systemClock });
    const error = await rejection(from.openProducer(standard(from)).open?.(never));
    expect(from.classify(error, "open").code).toBe(code);
    client.destroy();
  },
);

test("an endpoint beside FIPS is refused, as the SDK refuses it, and not retried", async () => {
  vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
  const from = connect("us-east-1", { endpoint: "https://sqs.example" });
  const error = await rejection(from.openProducer(standard(from)).open?.(never));
  expect(from.classify(error, "open")).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false });
  expect(requests).toEqual([]);
});
