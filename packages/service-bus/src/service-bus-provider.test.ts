import { systemClock, type ConnectionUrl, type QueueAdapter } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { serviceBus, type ServiceBusOptions } from "./service-bus-provider.ts";

const KEY = "SECRETKEY0123456789=";
const STRING = `Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=${KEY}`;

function connect(options: ServiceBusOptions, authority = "shop"): QueueAdapter {
  const url: ConnectionUrl = {
    scheme: "service-bus",
    authority,
    path: "",
    parameters: {},
    text: `service-bus://${authority}`,
  };
  return serviceBus(options).connect(url, { clock: systemClock });
}

/** Options as an application without types could write them. */
function untyped(options: object): ServiceBusOptions {
  return options;
}

describe("options", () => {
  test.each([
    ["an unknown option", { connectonString: STRING }, /did you mean "connectionString"/],
    ["a credential that is none", { credential: {} }, /`credential` is not a TokenCredential/],
    ["a client that is none", { client: {} }, /`client` is not a ServiceBusClient/],
    [
      "an administration client alone",
      { administrationClient: { getQueue() {} } },
      /needs `client` beside it/,
    ],
    ["two secrets", { connectionString: STRING, credential: { getToken() {} } }, /cannot be combined/],
    ["retries of the SDK", { clientOptions: { retryOptions: {} } }, /retryOptions is the adapter's own/],
    [
      "a size below that of every tier",
      { maxMessageBytes: 262_143 },
      /`maxMessageBytes` must be a whole number/,
    ],
    ["a size that no tier has", { maxMessageBytes: 104_857_601 }, /from 262144 to 104857600/],
    ["a size that is none", { maxMessageBytes: "1MB" }, /`maxMessageBytes` must be a whole number/],
    ["session entities that are no list", { sessionEntities: "orders" }, /`sessionEntities` is not a list/],
    ["a flag that is none", { cancellable: "yes" }, /`cancellable` must be true or false/],
    ["rules that are no lists", { rules: { "orders/billing": "all" } }, /`rules` is not a record of lists/],
    [
      "session entities that are no names",
      { sessionEntities: [5] },
      /`sessionEntities` is not a list of names/,
    ],
    ["no rules", { rules: null }, /`rules` is not a record of lists/],
    ["settings of the client that are none", { clientOptions: 5 }, /`clientOptions` is not an object/],
    ["a wrong connection string", { connectionString: "Endpoint=sb://x/" }, /SharedAccessKeyName is missing/],
  ])("with %s are refused", (_what, options, message) => {
    expect(() => serviceBus(untyped(options))).toThrow(message);
  });

  test.each([
    ["an unknown key", [{ name: "large", slq: "1=1" }], /unknown key "slq" \(did you mean "sql"\?\)/],
    ["no name", [{ sql: "1=1" }], /no name of 1 to 50/],
    ["two conditions", [{ name: "a", sql: "1=1", correlation: {} }], /`sql` and `correlation` cannot/],
    ["a condition that is none", [{ name: "a", sql: 5 }], /`sql` is not a condition/],
    ["a correlation that is none", [{ name: "a", correlation: "x" }], /`correlation` is not an object/],
    ["an action that is none", [{ name: "a", action: "" }], /`action` is not an SQL action/],
    ["something else", ["1=1"], /a rule is not an object/],
    ["its name a second time", [{ name: "a" }, { name: "A" }], /two rules have the same name/],
    ["nothing", [], /expected a rule; leave it out to let everything pass/],
  ])("with a rule of %s are refused", (_what, list, message) => {
    expect(() => serviceBus(untyped({ rules: { "orders/billing": list } }))).toThrow(message);
  });

  test("with rules of something that is no subscription are refused", () => {
    expect(() => serviceBus({ rules: { orders: [{ name: "a" }] } })).toThrow(
      /expected "topic\/subscription"/,
    );
  });

  test("name every problem at once, and show no secret", () => {
    let shown = "";
    try {
      serviceBus(untyped({ connectionString: `${STRING};nonsense`, cancellable: 1, nope: KEY }));
    } catch (error) {
      shown = String(error);
    }
    expect(shown).toMatch(/unknown option "nope".*cancellable/s);
    expect(shown).not.toContain(KEY);
  });

  test("say one namespace: the URL's and the connection string's must agree", () => {
    expect(() => connect({ connectionString: STRING }, "another")).toThrow(/Say it once/);
    expect(connect({ connectionString: STRING }, "shop").name).toBe("service-bus");
  });

  test("without any namespace are refused", () => {
    // With createClient nobody reads the variable, so setting it would not help.
    expect(() => connect({}, "")).toThrow(
      /no Service Bus namespace is named.*connect\(\) reads ANYQUEUE_SERVICE_BUS_CONNECTION_STRING/,
    );
    expect(() => connect({ credential: { getToken: async () => null } }, "")).toThrow(/a credential alone/);
  });
});

describe("a target", () => {
  const queue = (features: readonly ("ordering" | "deduplication")[] = []) =>
    ({ kind: "queue", name: "orders", features }) as const;

  test("is free of secrets", () => {
    expect(connect({ connectionString: STRING }, "").resolve(queue()).name).toBe("service-bus://shop/orders");
  });

  test("has sessions if its definition is ordered, or if the application says so", () => {
    expect(connect({}).resolve(queue()).capabilities.ordering).toBe("none");
    expect(connect({}).resolve(queue(["ordering"])).capabilities).toMatchObject({
      ordering: "by-key",
      lease: "shared",
    });
    const told = connect({ sessionEntities: ["Orders"] });
    expect(told.resolve(queue()).capabilities.ordering).toBe("by-key");
  });

  test("of dead letters has no sessions, and no dead letters of its own", () => {
    const dead = connect({}).resolve({ kind: "dead-letter", name: "orders", features: ["ordering"] });
    expect(dead.capabilities).toMatchObject({ ordering: "none", deadLetter: "none" });
  });

  test("gives cancel tokens only if asked to, because they cost a request each", () => {
    const [dear, cheap] = [connect({ cancellable: true }), connect({})];
    expect(dear.openProducer(dear.resolve(queue())).cancelBatch).toBeDefined();
    expect(cheap.openProducer(cheap.resolve(queue())).cancelBatch).toBeUndefined();
  });

  test("has one side where it has one", () => {
    const adapter = connect({});
    const options = {
      mode: "stream",
      leaseMs: 1,
      flow: { maxOutstanding: 1, lanes: 1 },
      events: { leasesLost() {}, fault() {} },
    } as const;
    const topic = adapter.resolve({ kind: "topic", name: "orders", features: [] });
    expect(() => adapter.openConsumer(topic, options)).toThrow(/a topic itself holds no messages/);
    const dead = adapter.resolve({ kind: "dead-letter", name: "orders", features: [] });
    expect(() => adapter.openProducer(dead)).toThrow(/only the service puts messages there/);
  });
});
