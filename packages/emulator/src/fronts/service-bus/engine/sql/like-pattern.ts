const ANY_TEXT = Symbol("any text");
const ANY_CHARACTER = Symbol("any character");

type Part = string | typeof ANY_TEXT | typeof ANY_CHARACTER;

/**
 * Compiles a LIKE pattern to a function. `%` stands for any text and `_` for one character. After the escape
 * character, both stand for themselves.
 *
 * Not a regular expression, because `%a%a%a%b` on a long text would backtrack forever. Here only the last `%`
 * is ever retried, because retrying an earlier one cannot do better.
 */
export function likePattern(pattern: string, escape: string | undefined): (text: string) => boolean {
  const parts = partsOf(pattern, escape);
  return (text) => matches(parts, Array.from(text));
}

function partsOf(pattern: string, escape: string | undefined): readonly Part[] {
  const parts: Part[] = [];
  let isEscaped = false;
  for (const character of pattern) {
    if (!isEscaped && character === escape) {
      isEscaped = true;
      continue;
    }
    parts.push(isEscaped ? character : partFor(character));
    isEscaped = false;
  }
  return parts;
}

function partFor(character: string): Part {
  if (character === "%") return ANY_TEXT;
  return character === "_" ? ANY_CHARACTER : character;
}

function matches(parts: readonly Part[], text: readonly string[]): boolean {
  let part = 0;
  let at = 0;
  let lastAny = -1;
  let triedUpTo = 0;
  while (at < text.length) {
    if (parts[part] === ANY_TEXT) {
      lastAny = part;
      triedUpTo = at;
      part += 1;
    } else if (part < parts.length && (parts[part] === ANY_CHARACTER || parts[part] === text[at])) {
      part += 1;
      at += 1;
    } else if (lastAny >= 0) {
      triedUpTo += 1;
      at = triedUpTo;
      part = lastAny + 1;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((rest) => rest === ANY_TEXT);
}
