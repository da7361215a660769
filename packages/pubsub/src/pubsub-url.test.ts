import type { ConnectionUrl, EntityRef } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { checkEndpoint, entityOf, parseEntity, readConnectionUrl } from "./pubsub-url.ts";

function url(authority: string, parameters: Record<string, string> = {}, path = ""): ConnectionUrl {
  return { scheme: "pubsub", authority, path, parameters, text: `pubsub://${authority}${path}` };
}

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it was accepted");
}

const ref = (kind: EntityRef["kind"], name: string, more: object = {}): EntityRef => ({
  kind,
  name,
  features: [],
  ...more,
});

describe("readConnectionUrl", () => {
  test("reads project and endpoint", () => {
    expect(readConnectionUrl(url("my-project", { endpoint: "127.0.0.1:8085" }))).toEqual({
      project: "my-project",
      endpoint: { host: "127.0.0.1", port: 8085, isEncrypted: false },
    });
    expect(readConnectionUrl(url(""))).toEqual({ project: undefined, endpoint: undefined });
    expect(readConnectionUrl(url("example.com:my-project")).project).toBe("example.com:my-project");
    expect(readConnectionUrl(url("123456789012")).project).toBe("123456789012");
  });

  test.each([
    [
      "an unknown parameter, with a suggestion",
      url("p", { endpont: "x" }),
      /endpont.*did you mean "endpoint"/,
    ],
    ["a project that is none", url("My_Project"), /"My_Project" is not a Google Cloud project/],
    ["a path", url("p", {}, "/orders"), /the URL of a connection has no path/],
    ["plaintext on another machine", url("p", { endpoint: "pubsub:8085" }), /not encrypted/],
  ])("refuses %s", (_, given, message) => {
    expect(refusalOf(() => readConnectionUrl(given))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });
});

describe("checkEndpoint", () => {
  const allowed = url("p", { plaintext: "allow" });

  test.each([
    ["127.0.0.1:8085", { host: "127.0.0.1", port: 8085, isEncrypted: false }],
    ["http://localhost:8085", { host: "localhost", port: 8085, isEncrypted: false }],
    ["[::1]:8085", { host: "[::1]", port: 8085, isEncrypted: false }],
    [
      "https://pubsub-psc.p.googleapis.com",
      { host: "pubsub-psc.p.googleapis.com", port: 443, isEncrypted: true },
    ],
    ["https://10.0.0.5:8443/", { host: "10.0.0.5", port: 8443, isEncrypted: true }],
  ])("reads %s", (endpoint, expected) => {
    expect(checkEndpoint(endpoint, url("p"))).toEqual(expected);
  });

  test("another machine is spoken to in plaintext only if the URL says so", () => {
    expect(refusalOf(() => checkEndpoint("pubsub:8085", url("p")))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(checkEndpoint("pubsub:8085", allowed)).toEqual({ host: "pubsub", port: 8085, isEncrypted: false });
  });

  test.each(["ftp://localhost", "http://", "localhost:8085/v1", "https://x?y=1", "https://x#y", ":8085"])(
    "refuses %s",
    (endpoint) => {
      expect(refusalOf(() => checkEndpoint(endpoint, allowed))).toMatchObject({ code: "INVALID_ARGUMENT" });
    },
  );

  test("refuses credentials without repeating them", () => {
    const error = refusalOf(() => checkEndpoint("https://me:hunter2@example.com", allowed));
    expect(String(error)).not.toContain("hunter2");
  });
});

describe("names", () => {
  test.each([
    [ref("queue", "orders"), "orders"],
    [ref("queue", "prod-orders", { features: ["ordering"] }), "prod-orders"],
    [ref("dead-letter", "orders"), "orders-dead"],
    [ref("topic", "events"), "events"],
    [ref("subscription", "billing", { topic: "events" }), "events-billing"],
    [ref("subscription", "billing", { topic: "projects/q/topics/events" }), "events-billing"],
    [ref("dead-letter", "billing", { topic: "events" }), "events-billing-dead"],
    [ref("dead-letter", "orders-topic/orders-worker"), "orders-worker-dead"],
    [ref("dead-letter", "projects/q/subscriptions/orders"), "orders-dead"],
    [ref("queue", "Whatever.it-is", { exact: true }), "Whatever.it-is"],
  ])("%j is %s", (given, entity) => {
    expect(entityOf(given)).toBe(entity);
  });

  const own = (id: string): object => ({ id, project: undefined });
  test.each([
    ["orders", ref("queue", "orders"), own("orders"), own("orders")],
    ["inbox/worker", ref("queue", "x", { exact: true }), own("inbox"), own("worker")],
    ["events", ref("topic", "events"), own("events"), undefined],
    [
      "events-billing",
      ref("subscription", "billing", { topic: "events" }),
      own("events"),
      own("events-billing"),
    ],
    [
      "projects/other/subscriptions/orders",
      ref("queue", "x", { exact: true }),
      { id: "orders", project: "other" },
      { id: "orders", project: "other" },
    ],
  ])("%s names the right resources", (entity, given, topic, subscription) => {
    expect(parseEntity(entity, given)).toEqual({ topic, subscription });
  });

  test.each([
    "ab",
    "google-orders",
    "goog",
    "1orders",
    "or ders",
    "a".repeat(256),
    "ord{{projectId}}",
    "a/b/c",
    "",
  ])("refuses %j", (name) => {
    expect(refusalOf(() => parseEntity(name, ref("queue", name, { exact: true })))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
