import { describe, expect, test } from "vitest";
import { int, nothing, sbContent, text } from "../../../../../test/support/service-bus-engine.ts";
import type { MessageContent, PropertyValue } from "../message-content.ts";
import { compileSqlAction } from "./sql-action.ts";

const MESSAGE = sbContent("id-1", {
  subject: "order",
  to: "here",
  user: {
    n: int(7),
    color: text("red"),
    when: { type: "timestamp", value: 1000 },
    never: { type: "timestamp", value: Number.MAX_SAFE_INTEGER },
  },
});

function act(expression: string, parameters: ReadonlyMap<string, PropertyValue> = new Map()): MessageContent {
  return compileSqlAction(expression, parameters)(MESSAGE);
}

function user(expression: string, name: string): PropertyValue | undefined {
  return act(expression).applicationProperties.get(name);
}

describe("SET", () => {
  test.for<readonly [string, PropertyValue]>([
    ["SET x = 1", { type: "int", value: 1 }],
    ["SET x = 3000000000", { type: "long", value: 3_000_000_000 }],
    ["SET x = 9007199254740993", { type: "long", value: 9_007_199_254_740_993n }],
    ["SET x = 1.5", { type: "double", value: 1.5 }],
    ["SET x = 'a'", { type: "string", value: "a" }],
    ["SET x = TRUE", { type: "boolean", value: true }],
    ["SET x = NULL", nothing],
    ["SET x = n * 2 + 1", { type: "int", value: 15 }],
    ["SET x = color + '-' + sys.Label", { type: "string", value: "red-order" }],
    ["SET x = when", { type: "timestamp", value: 1000 }],
    ["SET x = never", nothing],
    ["SET [x] = missing", nothing],
    ["SET user.x = -n", { type: "int", value: -7 }],
    ["set x = 1;", { type: "int", value: 1 }],
  ])("%s", ([expression, value]) => {
    expect(user(expression, "x")).toEqual(value);
  });

  test("takes parameters", () => {
    const changed = act("SET x = @value", new Map([["@value", text("given")]]));
    expect(changed.applicationProperties.get("x")).toEqual(text("given"));
  });

  test("changes broker properties, as text", () => {
    const { properties } = act("SET sys.Label = color; SET sys.CorrelationId = n; SET sys.To = NULL");
    expect([properties.subject, properties.correlationId, properties.to]).toEqual(["red", "7", undefined]);
  });

  test("makes a new id each time with newid()", () => {
    const action = compileSqlAction("SET sys.MessageId = newid()", new Map());
    const [first, second] = [action(MESSAGE), action(MESSAGE)];
    expect(first.properties.messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.properties.messageId).not.toBe(first.properties.messageId);
  });
});

test("REMOVE deletes a property, and ignores a missing one", () => {
  const { applicationProperties, properties } = act("REMOVE color; REMOVE missing; REMOVE sys.Label");
  expect([...applicationProperties.keys(), properties.subject]).toEqual(["n", "when", "never", undefined]);
});

test("statements see the effects of earlier ones, and the original stays unchanged", () => {
  const changed = act("SET n = n + 1; SET m = n; REMOVE n");
  expect([changed.applicationProperties.get("m"), changed.applicationProperties.has("n")]).toEqual([
    int(8),
    false,
  ]);
  expect(MESSAGE.applicationProperties.get("n")).toEqual(int(7));
});

describe("invalid syntax is refused with its position", () => {
  test.for([
    ["", 1],
    ["n = 1", 1],
    ["SET", 4],
    ["SET n", 6],
    ["SET n =", 8],
    ["SET n = 1 2", 11],
    ["SET n = (a = 1)", 9],
    ["SET sys.ScheduledEnqueueTimeUtc = 1", 5],
    ["SET sys.Nothing = 1", 9],
    ["REMOVE", 7],
    ["REMOVE n = 1", 10],
    ["SET n = 1; DELETE n", 12],
  ] as const)("%s", ([expression, offset]) => {
    expect(() => act(expression)).toThrow(`Token line offset = ${String(offset)},`);
  });

  test("beyond 1,024 characters", () => {
    expect(() => act("SET n = 1".padEnd(1_025))).toThrow("the limit is 1024");
  });
});

test("a value that a broker property cannot hold throws on the message", () => {
  expect(() => act("SET sys.Label = when")).toThrow("takes text");
});
