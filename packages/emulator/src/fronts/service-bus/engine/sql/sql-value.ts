import type { PropertyValue } from "../message-content.ts";
import { sqlEvaluationError } from "./sql-error.ts";
import type { ArithmeticOperator, ComparisonOperator } from "./syntax.ts";

/** Integers are bigint, so that they divide like integers. Null is the SQL NULL. */
export type SqlValue = null | boolean | string | bigint | number | Date | Uint8Array;

/** `null` is UNKNOWN. */
export type Truth = boolean | null;

const WHOLE_TYPES: ReadonlySet<string> = new Set([
  "ubyte",
  "ushort",
  "uint",
  "ulong",
  "byte",
  "short",
  "int",
  "long",
]);

export function sqlValueOf({ type, value }: PropertyValue): SqlValue {
  if (value === null || type === "opaque") return null;
  if (type === "timestamp") return dateOf(Number(value));
  if (WHOLE_TYPES.has(type) && typeof value === "number") return BigInt(Math.trunc(value));
  return value;
}

/** AMQP has times that no date can represent: more than 273,790 years away. */
function dateOf(ms: number): Date | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Returns the value with the type that .NET would give it. */
export function propertyValueOf(value: SqlValue): PropertyValue {
  if (value === null) return { type: "null", value: null };
  if (value instanceof Date) return { type: "timestamp", value: value.getTime() };
  if (value instanceof Uint8Array) return { type: "binary", value };
  if (typeof value === "bigint") return wholePropertyOf(value);
  if (typeof value === "number") return { type: "double", value };
  return typeof value === "boolean" ? { type: "boolean", value } : { type: "string", value };
}

function wholePropertyOf(value: bigint): PropertyValue {
  const type = BigInt.asIntN(32, value) === value ? "int" : "long";
  const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return { type, value: isSafe ? Number(value) : value };
}

/** Returns null if either side is null. Values of types that do not compare are unequal and unordered. */
export function compareSql(operator: ComparisonOperator, left: SqlValue, right: SqlValue): Truth {
  if (left === null || right === null) return null;
  const order = orderOf(left, right);
  if (order === undefined) return operator === "<>";
  switch (operator) {
    case "=":
      return order === 0;
    case "<>":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

export function calculateSql(operator: ArithmeticOperator, left: SqlValue, right: SqlValue): SqlValue {
  if (left === null || right === null) return null;
  if (operator === "+" && typeof left === "string" && typeof right === "string") return left + right;
  if (typeof left === "bigint" && typeof right === "bigint") return calculateWhole(operator, left, right);
  return calculateReal(operator, numberOf(operator, left), numberOf(operator, right));
}

export function negateSql(value: SqlValue): SqlValue {
  if (value === null) return null;
  if (typeof value === "bigint" || typeof value === "number") return -value;
  throw sqlEvaluationError(`The operator '-' does not apply to ${nameOfType(value)}.`);
}

function calculateWhole(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  if (right === 0n && (operator === "/" || operator === "%"))
    throw sqlEvaluationError("Attempted to divide by zero.");
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
  }
}

function calculateReal(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
  }
}

function numberOf(operator: ArithmeticOperator, value: SqlValue): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw sqlEvaluationError(`The operator '${operator}' does not apply to ${nameOfType(value)}.`);
}

/** Negative, 0 or positive; undefined if the types do not compare. */
function orderOf(left: NonNullable<SqlValue>, right: NonNullable<SqlValue>): number | undefined {
  if (isNumber(left) && isNumber(right)) return orderOfNumbers(left, right);
  if (typeof left === "string" && typeof right === "string")
    return left === right ? 0 : left < right ? -1 : 1;
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime();
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  return undefined;
}

/** Compares integers and reals by value, without rounding the integer. */
function orderOfNumbers(left: number | bigint, right: number | bigint): number | undefined {
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(Number(left)) || Number.isNaN(Number(right)) ? undefined : 0;
}

function isNumber(value: SqlValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function nameOfType(value: SqlValue): string {
  if (value instanceof Date) return "a date";
  if (value instanceof Uint8Array) return "binary data";
  return typeof value === "string" ? "a string" : `a ${typeof value}`;
}
