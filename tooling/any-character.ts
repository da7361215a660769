import fc from "fast-check";

/**
 * Any code point, to be used as the `unit` of `fc.string`. fast-check's own "binary" looks at all of them at its first use,
 * which takes seconds, of a busy machine 20.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
  .map((codePoint) => String.fromCodePoint(codePoint));
