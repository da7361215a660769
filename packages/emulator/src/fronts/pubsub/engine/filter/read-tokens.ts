import { invalidArgument } from "../../pubsub-error.ts";

/** A piece of a filter. Words are names, keywords and unquoted keys. */
export type Token =
  | { readonly kind: "word"; readonly text: string; readonly at: number }
  | { readonly kind: "string"; readonly text: string; readonly at: number }
  | { readonly kind: "sign"; readonly text: string; readonly at: number }
  | { readonly kind: "end"; readonly text: string; readonly at: number };

const SPACE = /\s+/y;
// A dash inside a word belongs to it. A dash before a term negates it, so a word cannot start with one.
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const STRING = /"(?:[^"\\]|\\[^])*"/y;
const SIGN = /!=|[=:.,()-]/y;

/** Splits a filter into tokens. Throws on text that belongs to none. */
export function readTokens(filter: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(filter)?.[0];
    return text;
  };
  while (at < filter.length) {
    const space = take(SPACE);
    const word = space === undefined ? take(WORD) : undefined;
    const string = space === undefined ? take(STRING) : undefined;
    const sign = space === undefined ? take(SIGN) : undefined;
    if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (string !== undefined) tokens.push({ kind: "string", text: unquote(string, at), at });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, at });
    const piece = space ?? word ?? string ?? sign;
    if (piece === undefined)
      throw invalidFilter(`unexpected ${JSON.stringify(filter[at])} at position ${at}`);
    at += piece.length;
  }
  return [...tokens, { kind: "end", text: "the end", at }];
}

export function invalidFilter(why: string): Error {
  return invalidArgument(
    `Invalid filter: ${why}. Refer to https://cloud.google.com/pubsub/docs/subscription-message-filter for the syntax.`,
  );
}

const ESCAPE = /\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|[abfnrtv\\"'?]|[^])/g;
const NAMED: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unquote(quoted: string, at: number): string {
  return quoted.slice(1, -1).replaceAll(ESCAPE, (_all, escape: string) => {
    const first = escape[0] ?? "";
    if (escape.length > 1) {
      const isHex = first === "u" || first === "x";
      return String.fromCodePoint(Number.parseInt(isHex ? escape.slice(1) : escape, isHex ? 16 : 8));
    }
    if (/[\\"'?]/.test(first)) return first;
    const named = NAMED[first];
    if (named === undefined) throw invalidFilter(`unknown escape \\${first} in the text at position ${at}`);
    return named;
  });
}
