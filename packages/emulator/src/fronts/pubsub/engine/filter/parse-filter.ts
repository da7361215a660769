import { invalidArgument } from "../../pubsub-error.ts";
import { PUBSUB_MAX_FILTER_BYTES } from "../../pubsub-limits.ts";
import { invalidFilter, readTokens, type Token } from "./read-tokens.ts";

/** Returns true if a subscription wants a message with these attributes. */
export type AttributeFilter = (attributes: Readonly<Record<string, string>>) => boolean;

/**
 * Compiles a filter; an empty one lets everything pass.
 *
 *     filter  = unary { "AND" unary } | unary { "OR" unary }
 *     unary   = [ "NOT" | "-" ] primary
 *     primary = "(" filter ")" | "attributes" ":" key | "attributes" "." key ( "=" | "!=" ) text
 *             | "hasPrefix" "(" "attributes" "." key "," text ")"
 *
 * AND and OR do not mix without parentheses.
 * https://cloud.google.com/pubsub/docs/subscription-message-filter (2026-11-29)
 */
export function parseFilter(filter: string): AttributeFilter {
  const bytes = Buffer.byteLength(filter);
  if (bytes > PUBSUB_MAX_FILTER_BYTES) {
    throw invalidArgument(
      `Invalid filter: it has ${bytes} bytes, and ${PUBSUB_MAX_FILTER_BYTES} is the most.`,
    );
  }
  if (filter === "") return () => true;
  return new FilterParser(readTokens(filter)).whole();
}

class FilterParser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): AttributeFilter {
    const filter = this.#filter();
    if (this.#peek().kind !== "end") throw this.#unexpected("AND, OR or the end");
    return filter;
  }

  #filter(): AttributeFilter {
    const terms = [this.#unary()];
    const joint = this.#peek().text;
    if (!this.#isWord("AND") && !this.#isWord("OR")) return terms[0] ?? (() => true);
    while (this.#isWord(joint)) {
      this.#next += 1;
      terms.push(this.#unary());
    }
    if (this.#isWord("AND") || this.#isWord("OR")) {
      throw invalidFilter("AND and OR need parentheses where they meet");
    }
    return joint === "AND"
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes));
  }

  #unary(): AttributeFilter {
    if (!this.#isWord("NOT") && !this.#isSign("-")) return this.#primary();
    this.#next += 1;
    const inner = this.#primary();
    return (attributes) => !inner(attributes);
  }

  #primary(): AttributeFilter {
    if (this.#isSign("(")) {
      this.#next += 1;
      const inner = this.#filter();
      this.#expectSign(")");
      return inner;
    }
    if (this.#isWord("hasPrefix")) return this.#hasPrefix();
    this.#expectWord("attributes");
    return this.#isSign(":") ? this.#hasKey() : this.#comparison();
  }

  #hasPrefix(): AttributeFilter {
    this.#next += 1;
    this.#expectSign("(");
    this.#expectWord("attributes");
    this.#expectSign(".");
    const key = this.#key();
    this.#expectSign(",");
    const prefix = this.#text();
    this.#expectSign(")");
    return (attributes) => valueOf(attributes, key)?.startsWith(prefix) ?? false;
  }

  #hasKey(): AttributeFilter {
    this.#next += 1;
    const key = this.#key();
    return (attributes) => valueOf(attributes, key) !== undefined;
  }

  #comparison(): AttributeFilter {
    this.#expectSign(".");
    const key = this.#key();
    const isEqual = this.#isSign("=");
    if (!isEqual && !this.#isSign("!=")) throw this.#unexpected("= or !=");
    this.#next += 1;
    const text = this.#text();
    // A missing attribute counts as different from every text.
    return (attributes) => (valueOf(attributes, key) === text) === isEqual;
  }

  #key(): string {
    const token = this.#peek();
    if (token.kind !== "word" && token.kind !== "string") throw this.#unexpected("an attribute's key");
    this.#next += 1;
    return token.text;
  }

  #text(): string {
    const token = this.#peek();
    if (token.kind !== "string") throw this.#unexpected("a text in quotes");
    this.#next += 1;
    return token.text;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "the end", at: 0 };
  }

  #isWord(text: string): boolean {
    const token = this.#peek();
    return token.kind === "word" && token.text === text;
  }

  #isSign(text: string): boolean {
    const token = this.#peek();
    return token.kind === "sign" && token.text === text;
  }

  #expectWord(text: string): void {
    if (!this.#isWord(text)) throw this.#unexpected(text);
    this.#next += 1;
  }

  #expectSign(text: string): void {
    if (!this.#isSign(text)) throw this.#unexpected(text);
    this.#next += 1;
  }

  #unexpected(wanted: string): Error {
    const { text, at } = this.#peek();
    return invalidFilter(`expected ${wanted}, got ${text} at position ${at}`);
  }
}

function valueOf(attributes: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
}
