import { describe, expect, test } from "vitest";
import { parseFilter } from "./parse-filter.ts";

type Attributes = Readonly<Record<string, string>>;

const NEW: Attributes = { kind: "new", region: "eu-west", empty: "", "odd key": "x", "a-b": "y" };

describe("a filter", () => {
  test.each<[string, Attributes, boolean]>([
    ["", {}, true],
    ['attributes.kind = "new"', NEW, true],
    ['attributes.kind="new"', NEW, true],
    ['attributes.kind = "old"', NEW, false],
    ['attributes.kind = "New"', NEW, false],
    ['attributes.missing = ""', NEW, false],
    ['attributes.empty = ""', NEW, true],
    ['attributes.kind != "old"', NEW, true],
    ['attributes.kind != "new"', NEW, false],
    ['attributes.missing != "new"', NEW, true],
    ["attributes:kind", NEW, true],
    ["attributes:missing", NEW, false],
    ["attributes : kind", NEW, true],
    ["attributes:toString", NEW, false],
    ["attributes:a-b", NEW, true],
    ['attributes.a-b = "y"', NEW, true],
    ['attributes:"odd key"', NEW, true],
    ['attributes."odd key" = "x"', NEW, true],
    ['attributes."kind" = "new"', NEW, true],
    ['hasPrefix(attributes.region, "eu-")', NEW, true],
    ['hasPrefix(attributes.region, "us-")', NEW, false],
    ['hasPrefix(attributes.missing, "")', NEW, false],
    ['hasPrefix( attributes."odd key" , "x" )', NEW, true],
    ["NOT attributes:missing", NEW, true],
    ["NOT attributes:kind", NEW, false],
    ["-attributes:missing", NEW, true],
    ["- attributes:kind", NEW, false],
    ['NOT hasPrefix(attributes.region, "us-")', NEW, true],
    ['attributes:kind AND attributes.region = "eu-west"', NEW, true],
    ["attributes:kind AND attributes:missing", NEW, false],
    ["attributes:kind AND attributes:region AND attributes:empty", NEW, true],
    ["attributes:missing OR attributes:kind", NEW, true],
    ["attributes:missing OR attributes:gone", NEW, false],
    ["attributes:missing OR attributes:gone OR attributes:kind", NEW, true],
    ["(attributes:kind)", NEW, true],
    ["((attributes:missing OR attributes:kind) AND attributes:region)", NEW, true],
    ["attributes:missing OR (attributes:kind AND attributes:region)", NEW, true],
    ["NOT (attributes:missing OR attributes:kind)", NEW, false],
    ["-(attributes:missing AND attributes:kind)", NEW, true],
    ["attributes:kind AND NOT attributes:missing", NEW, true],
    ["attributes:kind AND -attributes:region", NEW, false],
    ['attributes.kind = "a\\"b"', { kind: 'a"b' }, true],
    ['attributes.kind = "a\\\\b"', { kind: "a\\b" }, true],
    ['attributes.kind = "\\u00e9\\x41\\101\\n"', { kind: "éAA\n" }, true],
    ['attributes.kind = "é"', { kind: "é" }, true],
    ["  attributes:kind\n\tAND attributes:region  ", NEW, true],
    ["attributes:AND", { AND: "x" }, true],
    ["attributes:attributes", { attributes: "x" }, true],
  ])("%j on %j is %s", (filter, attributes, isMatch) => {
    expect(parseFilter(filter)(attributes)).toBe(isMatch);
  });

  test.each([
    ["kind", "expected attributes, got kind at position 0"],
    ["attributes", "expected ., got the end"],
    ["attributes.kind", "expected = or !=, got the end"],
    ["attributes.kind =", "expected a text in quotes, got the end"],
    ["attributes.kind = new", "expected a text in quotes, got new at position 18"],
    ["attributes.kind == 'new'", 'unexpected "\'" at position 19'],
    ["attributes.kind = 'new'", 'unexpected "\'"'],
    ['attributes.kind > "new"', 'unexpected ">"'],
    ['attributes.kind = "new', 'unexpected "\\""'],
    ['attributes.kind = "\\q"', "unknown escape \\q"],
    ["attributes:", "expected an attribute's key"],
    ["attributes:kind attributes:region", "expected AND, OR or the end"],
    ["attributes:kind and attributes:region", "expected AND, OR or the end"],
    ["attributes:kind AND", "expected attributes, got the end"],
    ["attributes:a AND attributes:b OR attributes:c", "AND and OR need parentheses where they meet"],
    ["attributes:a OR attributes:b AND attributes:c", "AND and OR need parentheses where they meet"],
    ["(attributes:a", "expected ), got the end"],
    ["attributes:a)", "expected AND, OR or the end, got )"],
    ["NOT NOT attributes:a", "expected attributes, got NOT"],
    ["hasPrefix(attributes.a)", "expected ,, got )"],
    ['hasprefix(attributes.a, "x")', "expected attributes, got hasprefix"],
    ['hasPrefix(attributes:a, "x")', "expected ., got :"],
    ["message.kind", "expected attributes, got message"],
    ["   ", "expected attributes, got the end"],
  ])("%j is refused", (filter, why) => {
    expect(() => parseFilter(filter)).toThrow(why);
  });

  test("may have 256 bytes and no more", () => {
    const ofBytes = (bytes: number): string => {
      const frame = 'attributes.k = ""';
      return `attributes.k = "${"ä".repeat((bytes - frame.length) / 2)}"`;
    };
    expect(parseFilter(ofBytes(255))({ k: "ä".repeat(119) })).toBe(true);
    expect(() => parseFilter(ofBytes(257))).toThrow("it has 257 bytes, and 256 is the most");
  });
});
