import { describe, expect, test } from "vitest";
import type { PropertyValue } from "../engine/message-content.ts";
import { AtomError } from "./atom-error.ts";
import { readRule } from "./rule-wire.ts";
import { ruleDescription } from "./rule-xml.ts";
import { readXml } from "./xml-reader.ts";

const INSTANCE = "http://www.w3.org/2001/XMLSchema-instance";
const SCHEMA = "http://www.w3.org/2001/XMLSchema";
const SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/";

function read(filter: string, action = "") {
  return readRule(
    readXml(`<RuleDescription xmlns:i="${INSTANCE}">${filter}${action}</RuleDescription>`),
    "fallback",
  );
}

/** A correlation filter with one property. */
function withValue(value: string): string {
  const pair = `<KeyValueOfstringanyType><Key>k</Key>${value}</KeyValueOfstringanyType>`;
  return `<Filter i:type="CorrelationFilter"><Properties>${pair}</Properties></Filter>`;
}

describe("a rule that is read", () => {
  test("has the name in its address unless it gives its own", () => {
    expect(read(`<Filter i:type="TrueFilter"/>`)).toEqual({
      name: "fallback",
      filter: { kind: "true" },
      action: undefined,
    });
    expect(read(`<Filter i:type="FalseFilter"/><Name>mine</Name>`)).toMatchObject({
      name: "mine",
      filter: { kind: "false" },
    });
  });

  test("may have any prefixes", () => {
    const filter = `<Filter p4:type="q:SqlFilter" xmlns:p4="${INSTANCE}"><SqlExpression>a &lt; 1</SqlExpression></Filter>`;
    const action = `<Action z:type="SqlRuleAction" xmlns:z="${INSTANCE}"><SqlExpression>SET a = 1</SqlExpression></Action>`;
    expect(read(filter, action)).toMatchObject({
      filter: { kind: "sql", expression: "a < 1" },
      action: { expression: "SET a = 1" },
    });
  });

  test.each([
    ["a filter without a type", "<Filter/>"],
    ["a type of another namespace", `<Filter x:type="TrueFilter" xmlns:x="urn:x"/>`],
    ["an unknown filter", `<Filter i:type="RegexFilter"/>`],
    ["SQL without SQL", `<Filter i:type="SqlFilter"/>`],
    ["an unknown action", `<Filter i:type="TrueFilter"/><Action i:type="DropAction"/>`],
    ["a pair without a value", withValue("")],
    ["a value without a type", withValue("<Value>1</Value>")],
    ["a value of an unknown type", withValue(`<Value i:type="x:duration">P1D</Value>`)],
    ["a number that is none", withValue(`<Value i:type="x:int">one</Value>`)],
    ["a date that is none", withValue(`<Value i:type="x:dateTime">today</Value>`)],
    ["a flag that is none", withValue(`<Value i:type="x:boolean">yes</Value>`)],
  ])("is refused with %s", (_name, filter) => {
    expect(() => read(filter)).toThrow(AtomError);
  });
});

describe("values of properties", () => {
  const cases: readonly (readonly [string, string, string, PropertyValue])[] = [
    ["string", SCHEMA, " a ", { type: "string", value: " a " }],
    ["int", SCHEMA, "-7", { type: "int", value: -7 }],
    ["long", SCHEMA, "9007199254740993", { type: "long", value: 9_007_199_254_740_993n }],
    ["unsignedByte", SCHEMA, "255", { type: "ubyte", value: 255 }],
    ["double", SCHEMA, "1.5", { type: "double", value: 1.5 }],
    ["double", SCHEMA, "-INF", { type: "double", value: Number.NEGATIVE_INFINITY }],
    ["boolean", SCHEMA, "true", { type: "boolean", value: true }],
    ["dateTime", SCHEMA, "1970-01-01T00:00:01.000Z", { type: "timestamp", value: 1000 }],
    [
      "guid",
      SERIALIZATION,
      "00112233-4455-6677-8899-aabbccddeeff",
      { type: "uuid", value: "00112233-4455-6677-8899-aabbccddeeff" },
    ],
  ];

  test.each(cases)("a %s of %s keeps its type both ways: %s", (type, namespace, text, value) => {
    const rule = read(withValue(`<Value xmlns:l="${namespace}" i:type="l:${type}">${text}</Value>`));
    const properties = new Map([["k", value]]);
    expect(rule.filter).toMatchObject({ kind: "correlation", properties });
    const written = ruleDescription({ ...rule, createdAtMs: 0 }, () => "now").toString();
    // The JavaScript client removes the prefix by its length.
    expect(written).toContain(`xmlns:d6p1="${namespace}" i:type="d6p1:${type}">${text}</Value>`);
    expect(readRule(readXml(written), "other")).toEqual({ ...rule, name: "fallback" });
  });
});
