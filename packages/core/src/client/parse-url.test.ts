import { describe, expect, test } from "vitest";
import { isQueueError } from "../errors/queue-error.ts";
import { loopbackOrRefuse, parseUrl, readParameters } from "./parse-url.ts";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isQueueError(error, "INVALID_ARGUMENT")) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

test.each([
  ["memory:", { scheme: "memory", authority: "", path: "", parameters: {} }],
  ["memory://", { scheme: "memory", authority: "", path: "", parameters: {} }],
  ["memory://orders?create=explicit", { authority: "orders", parameters: { create: "explicit" } }],
  ["memory:?seed=7", { authority: "", parameters: { seed: "7" } }],
  ["SQS://eu-west-1", { scheme: "sqs", authority: "eu-west-1" }],
  ["sqs://eu-west-1/old-orders", { authority: "eu-west-1", path: "/old-orders" }],
  [
    "service-bus://ns.servicebus.windows.net",
    { scheme: "service-bus", authority: "ns.servicebus.windows.net" },
  ],
  ["pubsub://example.com:my-project", { authority: "example.com:my-project" }],
  ["sqlite:///var/lib/app/a%20b.db", { authority: "", path: "/var/lib/app/a b.db" }],
  [
    "sqs://us-east-1?endpoint=http://127.0.0.1:4566&account=1",
    { parameters: { endpoint: "http://127.0.0.1:4566", account: "1" } },
  ],
  ["pubsub://p?endpoint=http%3A%2F%2F%5B%3A%3A1%5D%3A80", { parameters: { endpoint: "http://[::1]:80" } }],
])("reads %s", (text, expected) => {
  expect(parseUrl(text)).toMatchObject({ ...expected, text });
});

test.each([
  "",
  "eu-west-1",
  "sqs:/eu-west-1",
  "sqs:eu-west-1",
  "1sqs://x",
  "sqs://eu west",
  "sqs://x#part",
  "sqs://x\n",
  "sqs://%zz",
  "sqlite:///%",
  "sqs://a%2Fb",
  "sqs://x?a=1&a=2",
])("refuses the malformed URL %j", (text) => {
  expect(refusal(() => parseUrl(text))).toContain("url: ");
});

test("refuses what is no text", () => {
  expect(refusal(() => parseUrl(undefined as unknown as string, "config.url"))).toContain(
    "config.url: undefined",
  );
});

describe("credentials in a URL are refused and not shown", () => {
  test.each([
    "sqs://AKIAX:s3cret@eu-west-1",
    "service-bus://root:s3cret@ns?x=1",
    "sqs:AKIAX:s3cret@eu-west-1",
    "sqs://eu-west-1?secretAccessKey=s3cret",
    "sqs://eu-west-1?session_token=s3cret",
    "sqs://eu-west-1?endpoint=http://me:s3cret@127.0.0.1:4566",
    "sqs://eu-west-1?endpoint=http%3A%2F%2Fme%3As3cret%40127.0.0.1",
    "sqs://eu-west-1?endpoint=http://127.0.0.1:4566/?token=s3cret",
    "sqs://eu-west-1?endpoint=http%3A%2F%2F127.0.0.1%3A4566%2F%3Ftoken%3Ds3cret&zone=1",
    // AWS secret keys contain slashes; other passwords contain any character.
    "sqs://AKIAX:s3cret/and+more@eu-west-1",
    "sqs:AKIAX:s3cret/and+more@eu-west-1",
    "sqs://AKIAX:s3cret?more@eu-west-1",
    "sqs://AKIAX:s3cret#more@eu-west-1",
    "sqs://AKIAX%3As3cret%40eu-west-1",
    "sqs://eu-west-1/AKIAX:s3cret@x",
    "sqs://eu-west-1?pass=s3cret",
    "sqs://eu-west-1?user=a&pw=s3cret",
    "sqs://eu-west-1?auth=s3cret",
    "sqs://eu-west-1?authorization=s3cret",
  ])("%s", (text) => {
    const message = refusal(() => parseUrl(text));
    expect(message).toContain("credentials");
    expect(message).not.toContain("s3cret");
  });
});

test("an @ in the path of a file is no credential", () => {
  expect(parseUrl("sqlite:///home/me@corp/q.db").path).toBe("/home/me@corp/q.db");
});

test("what stands behind a # is refused and not shown", () => {
  expect(refusal(() => parseUrl("sqs://eu-west-1#s3cret"))).not.toContain("s3cret");
});

describe("readParameters", () => {
  test("gives the known ones and refuses others with what was meant, all at once", () => {
    const url = parseUrl("sqs://eu-west-1?endpiont=http://x&account=1&zone=a");
    expect(readParameters(parseUrl("sqs://e?account=1"), ["account", "endpoint"])).toEqual({ account: "1" });
    const message = refusal(() => readParameters(url, ["account", "endpoint"]));
    expect(message).toContain('unknown key "endpiont" (did you mean "endpoint"?)');
    expect(message).toContain('unknown key "zone" (known: account, endpoint)');
  });

  test("names of Object's own members are parameters like others", () => {
    expect(refusal(() => readParameters(parseUrl("memory:?constructor=1"), []))).toContain("constructor");
  });
});

describe("loopbackOrRefuse", () => {
  const url = parseUrl("sqs://eu-west-1");

  test.each([
    "http://127.0.0.1:4566",
    "http://127.8.9.1",
    "http://localhost:80",
    "http://queue.localhost",
    "http://[::1]:4566",
    "127.0.0.1:5672",
    "localhost:8085",
    "https://sqs.example.com",
    "amqps://ns.example.com",
  ])("allows %s", (endpoint) => {
    expect(() => loopbackOrRefuse(endpoint, url)).not.toThrow();
  });

  test.each([
    "http://sqs.example.com",
    "http://10.0.0.1:4566",
    "emulator:5672",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
  ])("refuses %s, unless the URL allows plaintext", (endpoint) => {
    expect(refusal(() => loopbackOrRefuse(endpoint, url))).toContain("plaintext=allow");
    expect(() => loopbackOrRefuse(endpoint, parseUrl("sqs://eu-west-1?plaintext=allow"))).not.toThrow();
  });

  test.each(["", "http://", "::", "a b"])("refuses %j, which is no endpoint", (endpoint) => {
    expect(refusal(() => loopbackOrRefuse(endpoint, url))).toContain("neither a URL nor host:port");
  });
});
