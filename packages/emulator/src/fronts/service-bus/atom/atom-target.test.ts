import { describe, expect, test } from "vitest";
import { AtomError } from "./atom-error.ts";
import { readTarget } from "./atom-target.ts";

describe("an address of the administration API", () => {
  test.each([
    ["/$namespaceinfo", { kind: "namespace" }],
    ["/$Resources/Queues", { kind: "queues" }],
    ["/$Resources/topics/", { kind: "topics" }],
    ["/orders", { kind: "entity", name: "orders" }],
    ["/shop/orders", { kind: "entity", name: "shop/orders" }],
    ["/a%20b", { kind: "entity", name: "a b" }],
    ["/events/Subscriptions/", { kind: "subscriptions", topic: "events" }],
    ["/shop/events/subscriptions", { kind: "subscriptions", topic: "shop/events" }],
    ["/events/Subscriptions/audit", { kind: "subscription", topic: "events", name: "audit" }],
    ["/events/Subscriptions/audit/Rules/", { kind: "rules", topic: "events", subscription: "audit" }],
    [
      "/events/Subscriptions/audit/rules/$Default",
      { kind: "rule", topic: "events", subscription: "audit", name: "$Default" },
    ],
    ["/events/Subscriptions/rules", { kind: "subscription", topic: "events", name: "rules" }],
  ])("%s is understood", (path, target) => {
    expect(readTarget(path)).toEqual(target);
  });

  test.each(["/", "/$Resources/Relays", "/%zz"])("%s is refused", (path) => {
    expect(() => readTarget(path)).toThrow(AtomError);
  });
});
