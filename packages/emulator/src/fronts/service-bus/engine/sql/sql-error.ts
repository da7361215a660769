import { EngineError } from "../engine-error.ts";

/** Where something stands in an expression; both counted from 1. */
export interface SqlPosition {
  readonly line: number;
  readonly offset: number;
}

/** An expression that cannot be read, in the shape of the service's own text. */
export function sqlSyntaxError(position: SqlPosition, token: string, details: string): EngineError {
  return new EngineError(
    "com.microsoft:argument-error",
    `There was an error parsing the SQL expression. [Token line number = ${String(position.line)},Token line offset = ${String(position.offset)},Token in error = ${token},Additional details = ${details}]`,
  );
}

/** An expression that cannot be evaluated on one message. */
export function sqlEvaluationError(details: string): EngineError {
  return new EngineError(
    "com.microsoft:argument-error",
    `There was an error evaluating the SQL expression. [Additional details = ${details}]`,
  );
}
