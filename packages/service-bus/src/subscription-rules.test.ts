import { expect, test } from "vitest";
import { SubscriptionRules } from "./subscription-rules.ts";

const ALL = [{ name: "all" }];
const LARGE = [{ name: "large", sql: "total > 100" }];

test.each([
  ["orders/fraud", "orders", "fraud"],
  ["orders/Subscriptions/fraud", "orders", "fraud"],
  ["ORDERS/subscriptions/Fraud", "orders", "FRAUD"],
  ["eu/orders/fraud", "eu/orders", "fraud"],
  ["eu/orders/Subscriptions/fraud", "eu/orders", "fraud"],
])("%s are the rules of %s, %s", (key, topic, subscription) => {
  expect(new SubscriptionRules({ [key]: LARGE }, "").of(topic, subscription)).toBe(LARGE);
});

test("go by the definition's name whatever the prefix of the environment", () => {
  const rules = new SubscriptionRules({ "orders/fraud": LARGE }, "dev-");
  expect(rules.of("dev-orders", "fraud")).toBe(LARGE);
  // A configured name has no prefix.
  expect(rules.of("orders", "fraud")).toBe(LARGE);
  expect(rules.of("backorders", "fraud")).toBeUndefined();
  expect(rules.of("dev-orders", "billing")).toBeUndefined();
});

test("of the name with its prefix win", () => {
  const rules = new SubscriptionRules({ "orders/fraud": LARGE, "dev-orders/fraud": ALL }, "dev-");
  expect(rules.of("dev-orders", "fraud")).toBe(ALL);
});
