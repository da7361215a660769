import { expect, test } from "vitest";
import { hasRules } from "./subscription-rule.ts";

const correlation = { subject: "order", applicationProperties: { region: "eu", urgent: "yes" } };

test("rules are the same whatever the order of what they compare, and however the service writes what is not there", () => {
  const existing = {
    name: "Urgent",
    action: {},
    filter: {
      applicationProperties: { urgent: "yes", region: "eu" },
      subject: "order",
      contentType: undefined as unknown as string,
    },
  };
  expect(hasRules([existing], [{ name: "urgent", correlation }])).toBe(true);
});

test.each([
  [{ region: "us" }, { region: "eu" }],
  [{ until: new Date(0) }, { until: new Date(1) }],
  [{ until: new Date(0) }, {}],
  [{ count: 1 }, { count: "1" }],
])("rules that compare with something else are others: %o and %o", (here, there) => {
  const [filter, wanted] = [{ applicationProperties: here }, { applicationProperties: there }];
  expect(hasRules([{ name: "r", action: {}, filter }], [{ name: "r", correlation: wanted }])).toBe(false);
});
