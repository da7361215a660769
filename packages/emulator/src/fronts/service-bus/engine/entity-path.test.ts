import { describe, expect, test } from "vitest";
import { checkEntityName, checkRuleName, checkSubscriptionName, parseEntityPath } from "./entity-path.ts";

describe("parseEntityPath", () => {
  const rows: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
    ["orders", "orders", undefined, undefined],
    ["eu/orders", "eu/orders", undefined, undefined],
    ["/orders/", "orders", undefined, undefined],
    ["orders/$DeadLetterQueue", "orders", undefined, "deadLetter"],
    ["orders/$deadletterqueue", "orders", undefined, "deadLetter"],
    ["orders/$Transfer/$DeadLetterQueue", "orders", undefined, "transferDeadLetter"],
    ["t/Subscriptions/s", "t", "s", undefined],
    ["a/b/subscriptions/S", "a/b", "S", undefined],
    ["t/Subscriptions/s/$DeadLetterQueue", "t", "s", "deadLetter"],
    ["t/subscriptions/s/$transfer/$deadletterqueue", "t", "s", "transferDeadLetter"],
  ];
  test.for(rows)("%s", ([path, name, subscription, subQueue]) => {
    expect(parseEntityPath(path)).toEqual({ name, subscription, subQueue });
  });
});

test.for(["orders", "eu/orders.v2", "a-b_c", "0", `q${"x".repeat(259)}`])(
  "takes the entity name %s",
  (name) => {
    expect(() => {
      checkEntityName(name);
    }).not.toThrow();
  },
);

test.for(["", "/a", "a/", "a b", "ä", "t/Subscriptions/s", "$Default", `q${"x".repeat(260)}`])(
  "refuses the entity name %s",
  (name) => {
    expect(() => {
      checkEntityName(name);
    }).toThrow("is no valid entity name");
  },
);

test("refuses a slash in the name of a subscription or a rule, and more than 50 characters", () => {
  expect(() => {
    checkSubscriptionName("a/b");
  }).toThrow("no valid subscription name");
  expect(() => {
    checkRuleName("x".repeat(51));
  }).toThrow("no valid rule name");
  expect(() => {
    checkRuleName("$Default");
  }).not.toThrow();
});
