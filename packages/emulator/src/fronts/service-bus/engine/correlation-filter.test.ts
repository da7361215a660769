import { describe, expect, test } from "vitest";
import { bool, int, real, sbContent, text } from "../../../../test/support/service-bus-engine.ts";
import { compileCorrelationFilter } from "./correlation-filter.ts";
import type { PropertyValue } from "./message-content.ts";
import type { CorrelationFilter } from "./rule-description.ts";

const MESSAGE = sbContent("id-1", {
  correlationId: "c",
  to: "t",
  replyTo: "r",
  subject: "l",
  sessionId: "s",
  replyToSessionId: "rs",
  contentType: "ct",
  user: { n: int(1), name: text("x"), ok: bool(true), id: { type: "uuid", value: "u" } },
});

type Members = Omit<CorrelationFilter, "kind" | "properties">;

function matches(members: Members, properties: Readonly<Record<string, PropertyValue>> = {}): boolean {
  const filter = {
    kind: "correlation",
    ...members,
    properties: new Map(Object.entries(properties)),
  } as const;
  return compileCorrelationFilter(filter)(MESSAGE);
}

const ALL: Members = {
  messageId: "id-1",
  correlationId: "c",
  to: "t",
  replyTo: "r",
  label: "l",
  sessionId: "s",
  replyToSessionId: "rs",
  contentType: "ct",
};

test("matches when everything it names is equal", () => {
  expect(matches(ALL, { n: int(1), name: text("x"), ok: bool(true) })).toBe(true);
});

test.for([
  "messageId",
  "correlationId",
  "to",
  "replyTo",
  "label",
  "sessionId",
  "replyToSessionId",
  "contentType",
])("does not match when only %s differs, even only in case", (member) => {
  expect(matches({ ...ALL, [member]: "other" })).toBe(false);
  expect(matches({ ...ALL, [member]: "ID-1" })).toBe(false);
});

describe("application properties", () => {
  test.for<readonly [string, Readonly<Record<string, PropertyValue>>, boolean]>([
    ["equal numbers of different types", { n: { type: "long", value: 1 } }, true],
    ["a whole and a real number of equal value", { n: real(1) }, true],
    ["text is no number", { n: text("1") }, false],
    ["a boolean is no text", { ok: text("true") }, false],
    ["a uuid and its text", { id: text("u") }, true],
    ["names with case", { Name: text("x") }, false],
    ["values with case", { name: text("X") }, false],
    ["a property that is missing", { missing: text("x") }, false],
    ["one of two", { name: text("x"), n: int(2) }, false],
  ])("%s", ([, properties, isMatch]) => {
    expect(matches({}, properties)).toBe(isMatch);
  });
});
