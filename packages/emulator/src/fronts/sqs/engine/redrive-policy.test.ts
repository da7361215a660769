import { expect, test } from "vitest";
import { allowsSource, parseRedriveAllowPolicy, parseRedrivePolicy } from "./redrive-policy.ts";

const ARN = "arn:aws:sqs:eu-west-1:000000000000:dead";

test.each([[3], ["3"]])("the receive count may be a number or a text (%j)", (maxReceiveCount) => {
  const json = JSON.stringify({ deadLetterTargetArn: ARN, maxReceiveCount });
  expect(parseRedrivePolicy(json)).toEqual({ deadLetterTargetArn: ARN, maxReceiveCount: 3 });
});

test.each([
  ["not json", "RedrivePolicy must be a valid JSON map"],
  ["[]", "RedrivePolicy must be a valid JSON map"],
  [{ maxReceiveCount: 1 }, "mandatory attribute: deadLetterTargetArn"],
  [{ deadLetterTargetArn: ARN }, "mandatory attribute: maxReceiveCount"],
  [{ deadLetterTargetArn: "dummy", maxReceiveCount: 42 }, "Reason: Invalid value for deadLetterTargetArn."],
  [{ deadLetterTargetArn: ARN, maxReceiveCount: 0 }, "valid values are from 1 to 1000 both inclusive."],
  [{ deadLetterTargetArn: ARN, maxReceiveCount: 1001 }, "Invalid value for maxReceiveCount: 1001"],
  [{ deadLetterTargetArn: ARN, maxReceiveCount: [] }, "Invalid value for maxReceiveCount: []"],
])("redrive policy %j is refused", (policy, message) => {
  expect(() => parseRedrivePolicy(typeof policy === "string" ? policy : JSON.stringify(policy))).toThrow(
    message,
  );
});

test("an allow policy lets everybody in, nobody, or those it names", () => {
  const all = parseRedriveAllowPolicy('{"redrivePermission":"allowAll"}');
  const none = parseRedriveAllowPolicy('{"redrivePermission":"denyAll"}');
  const some = parseRedriveAllowPolicy(
    JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: [ARN] }),
  );
  expect([all, none, some].map((policy) => allowsSource(policy, ARN))).toEqual([true, false, true]);
  expect(allowsSource(some, `${ARN}2`)).toBe(false);
});

test.each([
  [{ redrivePermission: "some" }, "Invalid value for redrivePermission."],
  [
    { redrivePermission: "denyAll", sourceQueueArns: [ARN] },
    "only be specified with redrivePermission byQueue",
  ],
  [{ redrivePermission: "byQueue" }, "must contain 1 to 10 queue ARNs"],
  [{ redrivePermission: "byQueue", sourceQueueArns: Array(11).fill(ARN) }, "must contain 1 to 10 queue ARNs"],
  [{ redrivePermission: "byQueue", sourceQueueArns: [7] }, "Invalid value for sourceQueueArns."],
])("allow policy %j is refused", (policy, message) => {
  expect(() => parseRedriveAllowPolicy(JSON.stringify(policy))).toThrow(message);
});
