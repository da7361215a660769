import fc from "fast-check";
import { expect, test } from "vitest";
import { firstIllegalCharacter } from "./message-body.ts";

test.each([
  ["\u0000", "#x0"],
  ["a\u0008b", "#x8"],
  ["\u000B", "#xB"],
  ["\u000C", "#xC"],
  ["\u001F", "#x1F"],
  ["\uFFFE", "#xFFFE"],
  ["\uFFFF", "#xFFFF"],
  ["\uD800", "#xD800"],
  ["text \uDFFF text", "#xDFFF"],
  ["\u{1F600}\uD83D", "#xD83D"],
])("names the character that a body may not hold: %j", (text, expected) => {
  expect(firstIllegalCharacter(text)).toBe(expected);
});

test("takes exactly the characters that the service documents", () => {
  const isLegal = (code: number): boolean =>
    [0x9, 0xa, 0xd].includes(code) ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000;
  // Every kind of character, lone surrogates too. The blanks keep two halves from forming a pair.
  const character = fc.oneof(
    fc.integer({ min: 0, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code)),
    fc.constantFrom("\uD83D", "\uDE00", "\uFFFD", "\uFFFE", "\u{1FFFE}", "\t", "\u0000"),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 20 }), (characters) => {
      const illegal = characters.find((each) => !isLegal(each.codePointAt(0) ?? 0));
      expect(firstIllegalCharacter(characters.join(" ")) !== undefined).toBe(illegal !== undefined);
    }),
  );
});
