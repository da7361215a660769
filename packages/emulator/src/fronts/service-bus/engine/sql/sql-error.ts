import { EngineError } from "../engine-error.ts";

/** A position in an expression. Both numbers count from 1. */
export interface SqlPosition {
  readonly line: number;
  readonly offset: number;
}

/** Error for an expression that cannot be parsed, in the format of the service's own text. */
export function sqlSyntaxError(position: SqlPosition, token: string, details: string): EngineError {
  return new EngineError(
    "com.microsoft:argument-error",
    `There was an error parsing the SQL expression. [Token line number = ${String(position.line)},Token line offset = ${String(position.offset)},Token in error = ${token},Additional details = ${details}]`,
  );
}

/** Error for an expression that cannot be evaluated on a message. */
export function sqlEvaluationError(details: string): EngineError {
  return new EngineError(
    "com.microsoft:argument-error",
    `There was an error evaluating the SQL expression. [Additional details = ${details}]`,
  );
}
