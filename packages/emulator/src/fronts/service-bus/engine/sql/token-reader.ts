import { sqlSyntaxError } from "./sql-error.ts";
import { tokenize, type Token } from "./tokens.ts";

/** Reads the tokens of one expression. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #place = 0;

  constructor(expression: string) {
    this.#tokens = tokenize(expression);
  }

  get current(): Token {
    const token = this.#tokens[Math.min(this.#place, this.#tokens.length - 1)];
    // Unreachable: `tokenize` ends every list with an `end`.
    if (token === undefined) throw new RangeError("An expression has no tokens.");
    return token;
  }

  take(): Token {
    const token = this.current;
    this.#place += 1;
    return token;
  }

  takeSymbol(text: string): boolean {
    return this.#takeIf("symbol", text);
  }

  takeKeyword(text: string): boolean {
    return this.#takeIf("keyword", text);
  }

  expectSymbol(text: string, details = `'${text}' was expected.`): void {
    if (!this.takeSymbol(text)) throw this.#unexpected(details);
  }

  expectKeyword(text: string): void {
    if (!this.takeKeyword(text)) throw this.#unexpected(`${text} was expected.`);
  }

  /** Returns true if a parenthesis follows the current word. */
  isCallAhead(): boolean {
    const next = this.#tokens[this.#place + 1];
    return next?.kind === "symbol" && next.text === "(";
  }

  expectEnd(): void {
    if (this.current.kind !== "end") throw this.#unexpected("The end of the expression was expected.");
  }

  #takeIf(kind: Token["kind"], text: string): boolean {
    if (this.current.kind !== kind || this.current.text !== text) return false;
    this.#place += 1;
    return true;
  }

  #unexpected(details: string): Error {
    const { kind, text, position } = this.current;
    return sqlSyntaxError(position, kind === "end" ? "end of expression" : text, details);
  }
}
