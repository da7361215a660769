import { describe, expect, test } from "vitest";
import { defaultAttributes, mergeAttributes, normalizeAttributes } from "./queue-attributes.ts";

function normalize(given: Readonly<Record<string, string>>, isFifo = true): Record<string, string> {
  return Object.fromEntries(normalizeAttributes(new Map(Object.entries(given)), isFifo));
}

function merge(changes: Readonly<Record<string, string>>, isFifo = true): Record<string, string> {
  return Object.fromEntries(mergeAttributes(defaultAttributes(isFifo), new Map(Object.entries(changes))));
}

test.each([
  ["VisibilityTimeout", 0, 43_200],
  ["DelaySeconds", 0, 900],
  ["MaximumMessageSize", 1024, 1_048_576],
  ["MessageRetentionPeriod", 60, 1_209_600],
  ["ReceiveMessageWaitTimeSeconds", 0, 20],
  ["KmsDataKeyReusePeriodSeconds", 60, 86_400],
])("%s goes from %i to %i", (name, min, max) => {
  expect(normalize({ [name]: String(min) })).toEqual({ [name]: String(min) });
  expect(normalize({ [name]: String(max) })).toEqual({ [name]: String(max) });
  for (const value of [String(min - 1), String(max + 1), "1.5", "many", "", "-0"]) {
    expect(() => normalize({ [name]: value })).toThrow(`Invalid value for the parameter ${name}.`);
  }
});

test.each([
  ["DeduplicationScope", "group"],
  ["FifoThroughputLimit", "perGroup"],
  ["ContentBasedDeduplication", "yes"],
  ["SqsManagedSseEnabled", "1"],
  ["Policy", "{"],
])("%s cannot be %s", (name, value) => {
  expect(() => normalize({ [name]: value })).toThrow(`Invalid value for the parameter ${name}.`);
});

test("booleans may be spelled with capitals", () => {
  expect(normalize({ FifoQueue: "True" })).toEqual({ FifoQueue: "true" });
});

test("unknown and computed attributes cannot be set", () => {
  expect(() => normalize({ Colour: "red" })).toThrow("Unknown Attribute Colour.");
  expect(() => normalize({ QueueArn: "arn" })).toThrow("Unknown Attribute QueueArn.");
});

test.each([
  ["FifoQueue", "Unknown Attribute FifoQueue."],
  ["ContentBasedDeduplication", "Unknown Attribute ContentBasedDeduplication."],
  ["DeduplicationScope", "You can specify the DeduplicationScope only when FifoQueue is set to true."],
  ["FifoThroughputLimit", "You can specify the FifoThroughputLimit only when FifoQueue is set to true."],
])("a standard queue does not take %s", (name, message) => {
  expect(() => normalize({ [name]: "true" }, false)).toThrow(message);
});

describe("merging", () => {
  test("the empty string removes a policy", () => {
    const withPolicy = mergeAttributes(defaultAttributes(false), new Map([["Policy", "{}"]]));
    expect(withPolicy.get("Policy")).toBe("{}");
    expect(mergeAttributes(withPolicy, new Map([["Policy", ""]])).has("Policy")).toBe(false);
  });

  test("a KMS key turns the queue's own encryption off, and the other way round", () => {
    expect(merge({ KmsMasterKeyId: "key" })).toMatchObject({
      KmsMasterKeyId: "key",
      SqsManagedSseEnabled: "false",
    });
    const withKey = mergeAttributes(defaultAttributes(false), new Map([["KmsMasterKeyId", "key"]]));
    expect(mergeAttributes(withKey, new Map([["SqsManagedSseEnabled", "true"]])).has("KmsMasterKeyId")).toBe(
      false,
    );
    expect(() => merge({ KmsMasterKeyId: "key", SqsManagedSseEnabled: "true" })).toThrow(
      "one type of server-side encryption",
    );
  });

  test("the throughput limit per group needs deduplication per group", () => {
    expect(() => merge({ FifoThroughputLimit: "perMessageGroupId" })).toThrow(
      "only when the value for DeduplicationScope is messageGroup",
    );
    expect(
      merge({ FifoThroughputLimit: "perMessageGroupId", DeduplicationScope: "messageGroup" }),
    ).toMatchObject({
      FifoThroughputLimit: "perMessageGroupId",
    });
  });
});
