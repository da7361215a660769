import fc from "fast-check";
import { expect, test } from "vitest";
import { anyCharacter } from "../../../tooling/any-character.ts";
import { SeenTexts } from "./seen-texts.ts";

/** Texts with as many bytes as characters, with more, and with bytes that are characters themselves. */
const text = fc.oneof(
  fc.constantFrom(
    "content-type",
    "content-tyqe",
    "é",
    "Ã©",
    "",
    "a",
    "x".repeat(32),
    "x".repeat(33),
    "\u0000",
  ),
  fc.string({ unit: anyCharacter, maxLength: 40 }),
);

test("reads what is there, whatever it has seen before", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 100 }), (given) => {
      const texts = new SeenTexts();
      for (const one of [...given, ...given]) {
        const bytes = Buffer.from(`<${one}>`);
        expect(texts.read(bytes, 1, bytes.length - 1)).toBe(bytes.toString("utf8", 1, bytes.length - 1));
      }
    }),
    { numRuns: 300 },
  );
});
