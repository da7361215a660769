import type { ConnectionUrl, EntityRef, Feature } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { checkEndpoint, entityOf, parseAddress, readConnectionUrl } from "./sqs-url.ts";

function url(authority: string, parameters: Record<string, string> = {}, path = ""): ConnectionUrl {
  return { scheme: "sqs", authority, path, parameters, text: `sqs://${authority}${path}` };
}

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it was accepted");
}

const ref = (
  kind: EntityRef["kind"],
  name: string,
  features: readonly Feature[] = [],
  more: object = {},
): EntityRef => ({
  kind,
  name,
  features,
  ...more,
});

describe("readConnectionUrl", () => {
  test("reads region, endpoint and account", () => {
    const parameters = { endpoint: "http://127.0.0.1:4566", account: "123456789012" };
    expect(readConnectionUrl(url("eu-west-1", parameters))).toEqual({ region: "eu-west-1", ...parameters });
    expect(readConnectionUrl(url(""))).toEqual({
      region: undefined,
      endpoint: undefined,
      account: undefined,
    });
    expect(readConnectionUrl(url("us-gov-west-1")).region).toBe("us-gov-west-1");
  });

  test.each([
    [
      "an unknown parameter, with a suggestion",
      url("eu-west-1", { endpint: "x" }),
      /endpint.*did you mean "endpoint"/,
    ],
    ["a host for a region", url("localhost:4566"), /"localhost:4566" is not an AWS region/],
    ["a path", url("eu-west-1", {}, "/orders"), /the URL of a connection has no path/],
    ["an account that is none", url("eu-west-1", { account: "12" }), /12 digits/],
    ["an endpoint without scheme", url("eu-west-1", { endpoint: "127.0.0.1:4566" }), /http or https URL/],
    [
      "plain http to another machine",
      url("eu-west-1", { endpoint: "http://sqs.example.com" }),
      /not encrypted/,
    ],
  ])("refuses %s", (_, given, reason) => {
    expect(() => readConnectionUrl(given)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(reason) }),
    );
  });

  test("takes plain http to another machine if the URL says so", () => {
    const endpoint = "http://localstack:4566";
    expect(readConnectionUrl(url("eu-west-1", { endpoint, plaintext: "allow" })).endpoint).toBe(endpoint);
  });
});

describe("entityOf", () => {
  test.each([
    [ref("queue", "orders"), "orders"],
    [ref("queue", "orders", ["delay"]), "orders"],
    [ref("queue", "orders", ["ordering"]), "orders.fifo"],
    [ref("queue", "orders", ["deduplication"]), "orders.fifo"],
    [ref("queue", "legacy", ["ordering"], { exact: true }), "legacy"],
    [ref("dead-letter", "orders"), "orders-dead"],
    [ref("dead-letter", "orders", ["ordering"]), "orders-dead.fifo"],
    [ref("dead-letter", "old.fifo"), "old-dead.fifo"],
    [ref("dead-letter", "parking", [], { exact: true }), "parking"],
    [
      ref("dead-letter", "arn:aws:sqs:eu-west-1:000000000000:q.fifo"),
      "arn:aws:sqs:eu-west-1:000000000000:q-dead.fifo",
    ],
    [ref("subscription", "billing", [], { topic: "prod-orders" }), "prod-orders-billing"],
    [ref("dead-letter", "billing", [], { topic: "prod-orders" }), "prod-orders-billing-dead"],
  ])("names %o %s", (given, expected) => {
    expect(entityOf(given)).toBe(expected);
  });

  test("refuses a topic, which SQS does not have", () => {
    expect(() => entityOf(ref("topic", "orders"))).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED", feature: "topic" }),
    );
  });
});

describe("checkEndpoint", () => {
  test.each([
    "http://key:hunter2@127.0.0.1:4566",
    "https://hunter2@h",
    "https://h/?token=hunter2",
    "https://h/#hunter2",
  ])("refuses %s without showing its secret, also as an option", (endpoint) => {
    const error = refusalOf(() => checkEndpoint(endpoint, url("eu-west-1")));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(String(error)).not.toContain("hunter2");
  });
});

describe("parseAddress", () => {
  test.each([
    ["orders", { name: "orders", isFifo: false }],
    ["orders.fifo", { name: "orders.fifo", isFifo: true }],
    [
      "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo",
      {
        name: "orders.fifo",
        isFifo: true,
        account: "123456789012",
        region: "eu-west-1",
        url: "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo",
      },
    ],
    [
      "https://eu-west-1.queue.amazonaws.com/123456789012/orders",
      {
        name: "orders",
        isFifo: false,
        account: "123456789012",
        region: "eu-west-1",
        url: "https://eu-west-1.queue.amazonaws.com/123456789012/orders",
      },
    ],
    [
      "http://127.0.0.1:9324/queue/orders",
      {
        name: "orders",
        isFifo: false,
        origin: "http://127.0.0.1:9324",
        url: "http://127.0.0.1:9324/queue/orders",
      },
    ],
    [
      "arn:aws-cn:sqs:cn-north-1:123456789012:orders",
      {
        name: "orders",
        isFifo: false,
        account: "123456789012",
        region: "cn-north-1",
        arn: "arn:aws-cn:sqs:cn-north-1:123456789012:orders",
      },
    ],
  ])("reads %s", (entity, expected) => {
    expect(parseAddress(entity)).toEqual(expected);
  });

  test.each([
    ["https://sqs-fips.us-east-1.amazonaws.com", "us-east-1"],
    ["https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["https://sqs.us-east-1.api.aws", "us-east-1"],
    ["https://sqs-fips.us-east-1.api.aws", "us-east-1"],
    ["https://sqs.us-east-1.amazonaws.com.", "us-east-1"],
    ["https://queue.amazonaws.com", "us-east-1"],
    ["https://us-west-2.queue.amazonaws.com", "us-west-2"],
    ["https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["https://cn-north-1.queue.amazonaws.com.cn", "cn-north-1"],
    ["https://sqs.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"],
    ["https://sqs.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
    ["https://sqs.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"],
    ["https://sqs.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
    ["https://sqs.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"],
  ])("knows %s for a host of AWS, which the region stands for", (origin, region) => {
    const { origin: own, ...address } = parseAddress(`${origin}/123456789012/orders`);
    expect([address.region, own]).toEqual([region, undefined]);
  });

  test.each([
    ["https://vpce-0a-1b.sqs.us-east-1.vpce.amazonaws.com", "us-east-1"],
    ["https://vpce-0a-1b-cn-north-1a.sqs.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1"],
  ])("knows the region of %s, a server of its own", (origin, region) => {
    expect(parseAddress(`${origin}/123456789012/orders`)).toMatchObject({ origin, region });
  });

  test.each([
    "https://sqs.us-east-1.localhost.localstack.cloud:4566",
    "https://sqs.us-east-1.amazonaws.com.example",
    "https://sqs.us-east-1.example.api.aws",
    "http://[::1]:9324",
  ])("leaves %s a server of its own", (origin) => {
    expect(parseAddress(`${origin}/123456789012/orders`)).toMatchObject({ origin, region: undefined });
  });

  test.each([
    "",
    "a b",
    "orders.fifo.fifo",
    "orders.v2",
    "ü",
    "a".repeat(81),
    "arn:aws:sns:eu-west-1:123456789012:t",
    "https://sqs.eu-west-1.amazonaws.com/",
    "https://[",
  ])("refuses %j and never rewrites it", (entity) => {
    expect(() => parseAddress(entity)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test.each([
    "https://key:hunter2@sqs.eu-west-1.amazonaws.com/123456789012/orders",
    "https://key:hunter2@[",
    "https://key:hunter2%40sqs/orders",
    "sqs://key:hunter2/x@eu-west-1/orders",
    "key:hunter2@orders",
    "https://sqs.eu-west-1.amazonaws.com/123456789012/orders?X-Amz-Signature=hunter2",
    "https://sqs.eu-west-1.amazonaws.com/123456789012/orders#hunter2",
  ])("refuses %s without showing its secret", (entity) => {
    const error = refusalOf(() => parseAddress(entity));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(String(error)).not.toContain("hunter2");
  });
});
