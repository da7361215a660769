import type { MessageContent } from "../message-content.ts";
import { compilePredicate } from "./evaluate.ts";
import { ExpressionParser, type SqlParameters } from "./parser.ts";
import { sqlSyntaxError } from "./sql-error.ts";
import { SQL_MAX_CHARACTERS } from "./sql-limits.ts";
import { TokenReader } from "./token-reader.ts";

/**
 * Compiles a filter. UNKNOWN does not match. Throws `com.microsoft:argument-error` with the position. The
 * result may throw the same error on a message.
 */
export function compileSqlFilter(
  expression: string,
  parameters: SqlParameters,
): (content: MessageContent) => boolean {
  checkLength(expression);
  const tokens = new TokenReader(expression);
  const evaluate = compilePredicate(new ExpressionParser(tokens, parameters).predicate());
  tokens.expectEnd();
  return (content) => evaluate(content) === true;
}

export function checkLength(expression: string): void {
  if (expression.length <= SQL_MAX_CHARACTERS) return;
  throw sqlSyntaxError(
    { line: 1, offset: SQL_MAX_CHARACTERS + 1 },
    "",
    `The expression has ${String(expression.length)} characters; the limit is ${String(SQL_MAX_CHARACTERS)}.`,
  );
}
