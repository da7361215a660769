import fc from "fast-check";
import { expect, test } from "vitest";
import { likePattern } from "./like-pattern.ts";

test("agrees with a regular expression on short texts", () => {
  const piece = fc.constantFrom("a", "b", "%", "_", "!");
  const subject = fc.array(fc.constantFrom("a", "b", "%", "_", "!", "\n"), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), subject, (pattern, text) => {
      const [like, given] = [pattern.join(""), text.join("")];
      expect(likePattern(like, "!")(given)).toBe(referenceOf(like).test(given));
    }),
    { numRuns: 2000 },
  );
});

test("counts a character outside the basic plane as one", () => {
  expect(likePattern("_", undefined)("😀")).toBe(true);
});

test("takes linear, not exponential, time on a pattern that almost matches", () => {
  const pattern = `${"%a".repeat(30)}b`;
  const before = process.cpuUsage();
  expect(likePattern(pattern, undefined)("a".repeat(5000))).toBe(false);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
});

/** The pattern as a regular expression, with `!` as the escape character. */
function referenceOf(like: string): RegExp {
  const source = like.replaceAll(
    /!(?<escaped>[ab%_!])|(?<any>%)|(?<one>_)|!$/g,
    (part, escaped: string | undefined) => {
      if (escaped !== undefined) return escaped;
      if (part === "%") return "[^]*";
      return part === "_" ? "[^]" : "";
    },
  );
  return new RegExp(`^${source}$`, "u");
}
