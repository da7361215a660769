import { describe, expect, test } from "vitest";
import { isQueueError } from "../errors/queue-error.ts";
import {
  defineQueue,
  defineTopic,
  deadLetters,
  detailsOf,
  unchecked,
  type AnyDefinition,
} from "../message/queue-definition.ts";
import { checkConfig } from "./config.ts";
import { resolveRoute, variableOf, type Route } from "./resolve-names.ts";

function refusal(config: unknown): string {
  try {
    checkConfig(config);
  } catch (error) {
    if (isQueueError(error, "INVALID_ARGUMENT")) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("checkConfig", () => {
  test("a URL alone is a configuration", () => {
    expect(checkConfig("sqs://eu-west-1")).toMatchObject({ url: { scheme: "sqs" }, prefix: "" });
  });

  test.each<[unknown, string]>([
    [undefined, "expected a URL or an object, got undefined"],
    [[], "got array"],
    [{}, "config.url: expected a connection URL, got undefined"],
    [{ url: 1 }, "config.url: expected a connection URL, got number"],
    [{ url: "memory:", perfix: "a" }, 'did you mean "prefix"?'],
    [{ url: "memory:", prefix: "a/b" }, "config.prefix"],
    [{ url: "memory:", prefix: 7 }, "config.prefix"],
    [{ url: "memory:", queues: [] }, "config.queues: expected an object, got array"],
    [{ url: "memory:", queues: { a: 7 } }, "config.queues.a: expected a name or an object, got number"],
    [{ url: "memory:", queues: { a: { nmae: "b" } } }, 'did you mean "name"?'],
    [{ url: "memory:", queues: { a: { url: "nonsense" } } }, "config.queues.a.url"],
    [{ url: "memory:", queues: { a: "" } }, "config.queues.a.name: expected a name"],
    [
      { url: "memory:", queues: { a: { deadLetter: 1 } } },
      "config.queues.a.deadLetter: expected a name, got number",
    ],
    [{ url: "memory:", queues: { a: { subscriptions: { b: 1 } } } }, "config.queues.a.subscriptions.b"],
    [{ url: "memory:", queues: { a: { subscriptions: 1 } } }, "expected an object, got number"],
    [{ url: "memory:", queues: { a: { consumer: { concurency: 1 } } } }, 'did you mean "concurrency"?'],
    [{ url: "memory:", queues: { a: { consumer: { lease: 30 } } } }, "consumer.lease"],
    [{ url: "memory:", queues: { a: { consumer: 1 } } }, "consumer: expected an object"],
    [{ url: "memory:", variables: { ANYQUEUE_A_URL: "x" } }, "ANYQUEUE_A_URL"],
    [{ url: "sqs://key:s3cret@eu-west-1" }, "credentials"],
    [
      { url: "memory:", queues: { a: "https://me:s3cret@sqs.eu-west-1.amazonaws.com/1/a" } },
      "config.queues.a.name: the name holds credentials",
    ],
    [
      { url: "memory:", queues: { a: { deadLetter: "https://q.example/a?X-Amz-Signature=s3cret" } } },
      "config.queues.a.deadLetter: the name holds credentials",
    ],
    [
      { url: "memory:", queues: { a: { subscriptions: { b: "me:s3cret@b" } } } },
      "config.queues.a.subscriptions.b: the name holds credentials",
    ],
  ])("refuses %j", (config, text) => {
    const message = refusal(config);
    expect(message).toContain(text);
    expect(message).not.toContain("s3cret");
    expect(message).not.toMatch(/\.[.;]/);
  });

  test("reports everything at once", () => {
    const message = refusal({ ulr: "memory:", prefix: "/", queues: { a: { url: "x", nam: "y" }, b: 1 } });
    for (const part of [
      '"ulr"',
      "config.url",
      "config.prefix",
      "config.queues.a.url",
      '"nam"',
      "config.queues.b",
    ]) {
      expect(message).toContain(part);
    }
  });
});

describe("resolveRoute", () => {
  const ordered = defineQueue("orders", { schema: unchecked<string>(), orderingKey: (key) => key });
  const placed = defineTopic("placed", { needs: ["ttl"], schema: unchecked<string>() });
  const routeOf = (definition: AnyDefinition, config: unknown): Route =>
    resolveRoute(detailsOf(definition), checkConfig(config), (scheme) => scheme === "sqlite");
  const prefixed = { url: "sqs://eu-west-1", prefix: "prod-" };

  test("names get the prefix, features come from the needs", () => {
    expect(routeOf(ordered, prefixed)).toMatchObject({
      url: { text: "sqs://eu-west-1" },
      ref: { kind: "queue", name: "prod-orders", features: ["ordering"] },
      deadLetter: { kind: "dead-letter", name: "prod-orders", features: ["ordering"] },
      consumer: {},
    });
    expect(routeOf(placed, prefixed)).toMatchObject({
      ref: { kind: "topic", name: "prod-placed" },
      deadLetter: undefined,
    });
    expect(routeOf(placed.subscription("billing"), prefixed).ref).toEqual({
      kind: "subscription",
      name: "billing",
      topic: "prod-placed",
      features: ["ttl"],
    });
    expect(routeOf(deadLetters(ordered), prefixed).ref).toEqual({
      kind: "dead-letter",
      name: "prod-orders",
      features: ["ordering"],
    });
  });

  test("a configured name is used as it is", () => {
    const config = { ...prefixed, queues: { orders: "orders-v2.fifo" } };
    expect(routeOf(ordered, config).ref).toMatchObject({ name: "orders-v2.fifo", exact: true });
    const dead = routeOf(deadLetters(ordered), config).ref;
    expect(dead).toEqual({ kind: "dead-letter", name: "orders-v2.fifo", features: ["ordering"] });
  });

  test("a configured dead-letter name wins, for the source and for its dead letters", () => {
    const config = { ...prefixed, queues: { orders: { deadLetter: "failed" } } };
    const expected = { kind: "dead-letter", name: "failed", exact: true };
    expect(routeOf(ordered, config)).toMatchObject({ ref: { name: "prod-orders" }, deadLetter: expected });
    expect(routeOf(deadLetters(ordered), config).ref).toMatchObject(expected);
  });

  test("a subscription takes its names and its connection from its topic's configuration", () => {
    const queues = {
      placed: { name: "placed-v2", url: "pubsub://p", subscriptions: { billing: "placed-bill" } },
    };
    const config = { ...prefixed, queues };
    expect(routeOf(placed.subscription("billing"), config)).toMatchObject({
      url: { scheme: "pubsub" },
      ref: { name: "placed-bill", topic: "placed-v2", exact: true },
    });
    expect(routeOf(placed.subscription("constructor"), config).ref).toMatchObject({ name: "constructor" });
    expect(routeOf(placed.subscription("shipping"), config).ref).toEqual({
      kind: "subscription",
      name: "shipping",
      topic: "placed-v2",
      features: ["ttl"],
    });
  });

  test("the path of a queue's own URL is its name, except where it belongs to the connection", () => {
    const own = (url: string, name?: string) =>
      routeOf(ordered, { ...prefixed, queues: { orders: { url, name } } });
    expect(own("sqs://us-east-1/old")).toMatchObject({
      url: { authority: "us-east-1", path: "" },
      ref: { name: "old", exact: true },
    });
    expect(own("sqs://us-east-1/old", "named").ref).toMatchObject({ name: "named", exact: true });
    expect(own("sqs://us-east-1/").ref).toMatchObject({ name: "prod-orders" });
    expect(own("sqlite:///data/q.db")).toMatchObject({
      url: { path: "/data/q.db" },
      ref: { name: "prod-orders" },
    });
  });

  test("a variable of the environment moves one definition", () => {
    const config = {
      ...prefixed,
      queues: { "my-orders": { url: "sqs://us-east-1", consumer: { concurrency: 3 } } },
      variables: { ANYQUEUE_MY_ORDERS_URL: "memory:" },
    };
    expect(routeOf(defineQueue("my-orders"), config)).toMatchObject({
      url: { scheme: "memory" },
      consumer: { concurrency: 3 },
    });
    expect(routeOf(defineQueue("other"), config)).toMatchObject({ url: { scheme: "sqs" } });
    const named = { ...config, queues: { "my-orders": "v1" } };
    const moved = { ...named, variables: { ANYQUEUE_MY_ORDERS_URL: "sqs://us-east-1/v2" } };
    expect(routeOf(defineQueue("my-orders"), moved).ref).toMatchObject({ name: "v2", exact: true });
    expect(routeOf(defineQueue("my-orders"), named).ref).toMatchObject({ name: "v1", exact: true });
    expect(variableOf("Per-customer_2")).toBe("ANYQUEUE_PER_CUSTOMER_2_URL");
  });
});
