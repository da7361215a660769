import { sqlSyntaxError, type SqlPosition } from "./sql-error.ts";

export type TokenKind =
  | "keyword"
  /** Without quotes; `text` is as written. */
  | "identifier"
  /** `[a b]` or `"a b"`; `text` is without the quotes. Never a keyword. */
  | "quoted"
  | "string"
  | "integer"
  | "decimal"
  | "parameter"
  | "symbol"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Upper case for keywords, the content for strings and quoted names. */
  readonly text: string;
  readonly position: SqlPosition;
}

const KEYWORDS = new Set([
  "AND",
  "OR",
  "NOT",
  "LIKE",
  "ESCAPE",
  "IN",
  "IS",
  "NULL",
  "EXISTS",
  "TRUE",
  "FALSE",
  "SET",
  "REMOVE",
]);

type Scanner = readonly [RegExp, (text: string) => Pick<Token, "kind" | "text">];

/** Tried in this order. Every pattern is anchored at the end of the last token. */
const SCANNERS: readonly Scanner[] = [
  [/'(?:[^']|'')*'/y, (text) => ({ kind: "string", text: text.slice(1, -1).replaceAll("''", "'") })],
  [/\[(?:[^\]]|\]\])+\]/y, (text) => ({ kind: "quoted", text: text.slice(1, -1).replaceAll("]]", "]") })],
  [/"(?:[^"]|"")+"/y, (text) => ({ kind: "quoted", text: text.slice(1, -1).replaceAll('""', '"') })],
  [/(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y, (text) => ({ kind: "decimal", text })],
  [/\d+/y, (text) => ({ kind: "integer", text })],
  [/@[A-Za-z_][A-Za-z0-9_]*/y, (text) => ({ kind: "parameter", text })],
  [/[\p{L}_][\p{L}\p{N}_$]*/uy, word],
  [/<>|!=|<=|>=|[=<>+\-*/%(),.;]/y, (text) => ({ kind: "symbol", text })],
];

const BLANK = /\s+/y;

/** Splits an expression. The last token is always `end`. Throws with the position of invalid text. */
export function tokenize(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += lengthAt(BLANK, expression, at);
    if (at >= expression.length) break;
    const scanned = scan(expression, at);
    tokens.push(scanned.token);
    at += scanned.length;
  }
  return [...tokens, { kind: "end", text: "", position: positionOf(expression, at) }];
}

function scan(expression: string, at: number): { readonly token: Token; readonly length: number } {
  const position = positionOf(expression, at);
  for (const [pattern, read] of SCANNERS) {
    const length = lengthAt(pattern, expression, at);
    if (length === 0) continue;
    return { token: { ...read(expression.slice(at, at + length)), position }, length };
  }
  throw sqlSyntaxError(position, expression.slice(at, at + 1), describeStray(expression.slice(at, at + 1)));
}

function word(text: string): Pick<Token, "kind" | "text"> {
  const upper = text.toUpperCase();
  return KEYWORDS.has(upper) ? { kind: "keyword", text: upper } : { kind: "identifier", text };
}

function describeStray(character: string): string {
  if (character === "'") return "The string has no closing quote.";
  if (character === "[" || character === '"') return "The quoted name is empty or not closed.";
  return "The character is not expected here.";
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function positionOf(expression: string, at: number): SqlPosition {
  const before = expression.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, offset: at - lineStart + 1 };
}
