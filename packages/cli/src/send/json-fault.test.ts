import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findJsonFault } from "./json-fault.ts";

describe("the first fault of a JSON text", () => {
  test.each([
    ["", 1, 1, "a value"],
    ["hello", 1, 1, "a value"],
    ["{a: 1}", 1, 2, 'a property name in double quotes or "}"'],
    ['{"a" 1}', 1, 6, '":"'],
    ['{"a":1,}', 1, 8, "a property name in double quotes"],
    ['{\n  "a": 1,\n  "b": tru\n}', 3, 8, "a value"],
    ["[1 2]", 1, 4, '"," or the end of what was opened'],
    ["[1,2", 1, 5, '"," or the end of what was opened'],
    ["[}", 1, 2, 'a value or "]"'],
    ["{} {}", 1, 4, "the end"],
    ["01", 1, 2, "the end"],
    ['"ab', 1, 4, "the closing quote of a string"],
    ['"a\tb"', 1, 3, "an escaped control character"],
    [String.raw`"a\x41"`, 1, 3, "an escape that JSON has"],
    ["\u00A0{}", 1, 1, "a value"],
  ])("of %j is at line %i, column %i", (text, line, column, expected) => {
    expect(findJsonFault(text)).toEqual({ line, column, expected });
  });

  test("is found however deep it lies", () => {
    const depth = 200_000;
    expect(findJsonFault("[".repeat(depth))).toMatchObject({ column: depth + 1 });
  });

  test("exists for exactly the texts that JSON.parse refuses", () => {
    const broken = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom("", ",", "}", "]", '"', "\\", "0", "-", "x", " ", "\n", "{", "["),
      )
      .map(([text, at, replacement]) => {
        const offset = at % (text.length + 1);
        return text.slice(0, offset) + replacement + text.slice(offset + 1);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), broken, fc.string()), (text) => {
        expect(findJsonFault(text) === undefined).toBe(parses(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
