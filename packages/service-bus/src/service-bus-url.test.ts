import type { ConnectionUrl, EntityRef } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import {
  emulatorString,
  entityOf,
  parseAddress,
  readConnectionString,
  readPlace,
} from "./service-bus-url.ts";

function url(authority: string, parameters: Record<string, string> = {}, path = ""): ConnectionUrl {
  return { scheme: "service-bus", authority, path, parameters, text: `service-bus://${authority}` };
}

describe("a connection URL", () => {
  test.each([
    ["my-namespace", "my-namespace.servicebus.windows.net"],
    ["my-namespace.servicebus.chinacloudapi.cn", "my-namespace.servicebus.chinacloudapi.cn"],
    ["", undefined],
  ])("with the authority %j goes to %s", (authority, host) => {
    expect(readPlace(url(authority))).toEqual({ host, endpoint: undefined, isPlain: false });
  });

  test("with an endpoint goes to an emulator without TLS", () => {
    expect(readPlace(url("emulator", { endpoint: "127.0.0.1:5672" }))).toMatchObject({
      endpoint: "127.0.0.1:5672",
      isPlain: true,
    });
  });

  test("with an amqps endpoint keeps TLS", () => {
    expect(readPlace(url("shop", { endpoint: "amqps://10.0.0.5:5671" }))).toMatchObject({
      endpoint: "10.0.0.5:5671",
      isPlain: false,
    });
  });

  test.each([
    ["a path", url("shop", {}, "/orders"), /the URL of a connection has no path/],
    ["a bad namespace", url("-shop"), /is not a Service Bus namespace/],
    ["an unknown parameter", url("shop", { endpont: "127.0.0.1:5672" }), /did you mean "endpoint"/],
    ["an endpoint without a port", url("shop", { endpoint: "127.0.0.1" }), /neither host:port nor amqps/],
    [
      "an endpoint with a path",
      url("shop", { endpoint: "127.0.0.1:5672/orders" }),
      /neither host:port nor amqps/,
    ],
    ["an http endpoint", url("shop", { endpoint: "http://127.0.0.1:5672" }), /neither host:port nor amqps/],
    [
      "plaintext to another machine",
      url("shop", { endpoint: "10.0.0.5:5672" }),
      /not encrypted and not on this machine/,
    ],
  ])("with %s is refused", (_what, bad, message) => {
    expect(() => readPlace(bad)).toThrow(message);
  });

  test("may say that plaintext is allowed", () => {
    expect(readPlace(url("shop", { endpoint: "10.0.0.5:5672", plaintext: "allow" })).isPlain).toBe(true);
  });
});

describe("names of entities", () => {
  const ref = (more: Partial<EntityRef>): EntityRef => ({
    kind: "queue",
    name: "orders",
    features: [],
    ...more,
  });

  test.each([
    [ref({}), "orders"],
    [ref({ features: ["ordering"] }), "orders"],
    [ref({ kind: "topic" }), "orders"],
    [ref({ kind: "subscription", topic: "orders", name: "billing" }), "orders/Subscriptions/billing"],
    [ref({ kind: "dead-letter" }), "orders/$DeadLetterQueue"],
    [
      ref({ kind: "dead-letter", topic: "orders", name: "billing" }),
      "orders/Subscriptions/billing/$DeadLetterQueue",
    ],
    [ref({ exact: true, name: "shop/orders" }), "shop/orders"],
    [ref({ kind: "dead-letter", exact: true, name: "shop/orders" }), "shop/orders/$DeadLetterQueue"],
    [ref({ kind: "dead-letter", exact: true, name: "orders/$deadletterqueue" }), "orders/$deadletterqueue"],
  ])("%j is %s", (given, expected) => {
    expect(entityOf(given)).toBe(expected);
  });

  test.each([
    ["orders", { root: "orders", isDeadLetter: false }],
    ["shop/orders", { root: "shop/orders", isDeadLetter: false }],
    ["orders/subscriptions/billing", { root: "orders", subscription: "billing", isDeadLetter: false }],
    ["orders/$DeadLetterQueue", { root: "orders", isDeadLetter: true }],
    [
      "orders/Subscriptions/billing/$DeadLetterQueue",
      { root: "orders", subscription: "billing", isDeadLetter: true },
    ],
  ])("%s is read", (entity, expected) => {
    expect(parseAddress(entity)).toEqual({ path: entity, ...expected });
  });

  test.each([
    "",
    "-orders",
    "orders-",
    "or ders",
    "a".repeat(261),
    "t/Subscriptions/" + "s".repeat(51),
    "orders?x=1",
  ])("%j is refused", (entity) => {
    expect(() => parseAddress(entity)).toThrow(/does not name a Service Bus entity/);
  });
});

describe("a connection string", () => {
  const KEY = "SECRETKEY0123456789=";
  const good = `Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=${KEY}`;

  test("is read without its secrets", () => {
    expect(readConnectionString(good)).toEqual({
      host: "shop.servicebus.windows.net",
      entityPath: undefined,
      isEmulator: false,
    });
  });

  test.each([
    ["Endpoint", good.replace(/Endpoint=[^;]*;/, ""), "Endpoint is missing"],
    ["SharedAccessKeyName", good.replace(/SharedAccessKeyName=[^;]*;/, ""), "SharedAccessKeyName is missing"],
    ["SharedAccessKey", good.replace(/SharedAccessKey=[^;]*$/, ""), "SharedAccessKey is missing"],
    ["the scheme", good.replace("sb://", "https://"), 'Endpoint is not "sb://host/"'],
    ["a part without a name", `${good};nonsense`, 'a part of it is no "Name=value"'],
    ["a capital True", `${good};UseDevelopmentEmulator=True`, "UseDevelopmentEmulator is neither"],
    ["both forms of secret", `${good};SharedAccessSignature=${KEY}`, "cannot be combined"],
  ])("that is wrong in %s is refused by name, and no secret is shown", (_what, bad, message) => {
    let shown = "";
    try {
      readConnectionString(bad);
    } catch (error) {
      shown = String(error);
    }
    expect(shown).toContain(message);
    expect(shown).not.toContain(KEY);
  });

  test("names everything that is missing at once", () => {
    expect(() => readConnectionString("EntityPath=orders")).toThrow(
      /Endpoint is missing; SharedAccessKeyName is missing; SharedAccessKey is missing/,
    );
  });

  test("keeps its key where an endpoint replaces its own", () => {
    expect(emulatorString("127.0.0.1:5672", good)).toBe(
      `Endpoint=sb://127.0.0.1:5672/;SharedAccessKeyName=send;SharedAccessKey=${KEY};UseDevelopmentEmulator=true`,
    );
  });
});
