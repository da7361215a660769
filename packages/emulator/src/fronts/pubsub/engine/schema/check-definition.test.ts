import { describe, expect, test } from "vitest";
import { compileDefinition } from "./check-definition.ts";

const TREE = {
  type: "record",
  name: "Tree",
  namespace: "forest",
  fields: [
    { name: "label", type: "string" },
    { name: "children", type: { type: "array", items: "Tree" } },
  ],
};

function check(definition: unknown, value: unknown): boolean {
  const text = typeof value === "string" && value.startsWith("raw:") ? value.slice(4) : JSON.stringify(value);
  return compileDefinition("AVRO", JSON.stringify(definition))(Buffer.from(text), "JSON");
}

describe("Avro in JSON", () => {
  test.each<[unknown, unknown, boolean]>([
    ["null", null, true],
    ["null", 0, false],
    ["boolean", true, true],
    ["boolean", "true", false],
    ["int", 2 ** 31 - 1, true],
    ["int", 2 ** 31, false],
    ["int", 1.5, false],
    ["long", 2 ** 40, true],
    ["long", "1", false],
    ["float", 1.5, true],
    ["double", "1.5", false],
    ["bytes", "\u00ff", true],
    ["bytes", "\u0100", false],
    ["string", "ä", true],
    ["string", 1, false],
    ["string", "raw:{", false],
    [{ type: "enum", name: "Suit", symbols: ["HEARTS", "SPADES"] }, "SPADES", true],
    [{ type: "enum", name: "Suit", symbols: ["HEARTS", "SPADES"] }, "CLUBS", false],
    [{ type: "fixed", name: "Pair", size: 2 }, "ab", true],
    [{ type: "fixed", name: "Pair", size: 2 }, "abc", false],
    [{ type: "array", items: "int" }, [1, 2], true],
    [{ type: "array", items: "int" }, [1, "2"], false],
    [{ type: "map", values: "int" }, { a: 1 }, true],
    [{ type: "map", values: "int" }, { a: "1" }, false],
    [["null", "string"], null, true],
    [["null", "string"], { string: "a" }, true],
    [["null", "string"], "a", false],
    [["null", "string"], { int: 1 }, false],
    [["null", TREE], { "forest.Tree": { label: "a", children: [] } }, true],
    [TREE, { label: "a", children: [{ label: "b", children: [] }] }, true],
    [TREE, { label: "a", children: [{ label: "b" }] }, false],
    [TREE, { label: "a", children: [], more: 1 }, false],
    [TREE, { label: "a" }, false],
    [TREE, [], false],
  ])("%j takes %j: %s", (definition, value, isValid) => {
    expect(check(definition, value)).toBe(isValid);
  });
});

describe("Avro in binary", () => {
  test.each<[unknown, readonly number[], boolean]>([
    ["null", [], true],
    ["boolean", [1], true],
    ["boolean", [2], false],
    ["int", [0x80, 0x01], true],
    ["int", [0x80], false],
    ["long", [2, 2], false],
    ["float", [0, 0, 0, 0], true],
    ["double", [0, 0, 0, 0], false],
    ["string", [6, 97, 98, 99], true],
    ["string", [6, 97], false],
    ["bytes", [1, 97], false],
    [{ type: "enum", name: "Suit", symbols: ["HEARTS", "SPADES"] }, [2], true],
    [{ type: "enum", name: "Suit", symbols: ["HEARTS", "SPADES"] }, [4], false],
    [{ type: "fixed", name: "Pair", size: 2 }, [1, 2], true],
    [{ type: "array", items: "int" }, [4, 2, 4, 0], true],
    [{ type: "array", items: "int" }, [3, 4, 2, 4, 0], true],
    [{ type: "array", items: "int" }, [4, 2, 4], false],
    [{ type: "array", items: "null" }, [0xfe, 0xff, 0xff, 0xff, 0x0f, 0], false],
    [{ type: "map", values: "int" }, [2, 2, 97, 2, 0], true],
    [["null", "string"], [0], true],
    [["null", "string"], [2, 2, 97], true],
    [["null", "string"], [4], false],
    [TREE, [2, 97, 2, 2, 98, 0, 0], true],
    ["long", Array.from({ length: 12 }, () => 0xff), false],
  ])("%j takes %j: %s", (definition, bytes, isValid) => {
    const isFitting = compileDefinition("AVRO", JSON.stringify(definition));
    expect(isFitting(Uint8Array.from(bytes), "BINARY")).toBe(isValid);
  });
});

describe("a definition", () => {
  test.each<[string, string]>([
    ["{", "the definition is not JSON"],
    ['"color"', 'the type "color" is not defined'],
    ["1", "1 is no schema"],
    ['{"type":"record","name":"A"}', "the record A has no fields"],
    ['{"type":"record","name":"A","fields":[{"type":"int"}]}', "a field of A has no name"],
    ['{"type":"record","name":"1A","fields":[]}', "a named type has no valid name"],
    ['{"type":"enum","name":"A"}', "the enum A has no symbols"],
    ['{"type":"fixed","name":"A","size":-1}', "the fixed type A has no size"],
    ['["int","int"]', "a union holds a type twice"],
    ['["int",["string"]]', "a union holds a union"],
    [
      '[{"type":"fixed","name":"A","size":1},{"type":"fixed","name":"A","size":1}]',
      "the type A is defined twice",
    ],
  ])("%s is refused", (definition, why) => {
    expect(() => compileDefinition("AVRO", definition)).toThrow(`Invalid Avro schema definition: ${why}.`);
  });

  test("must say its type", () => {
    expect(() => compileDefinition("TYPE_UNSPECIFIED", "{}")).toThrow("AVRO or PROTOCOL_BUFFER");
  });
});
