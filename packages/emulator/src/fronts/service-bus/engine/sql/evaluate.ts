import { randomUUID } from "node:crypto";
import type { MessageContent } from "../message-content.ts";
import { likePattern } from "./like-pattern.ts";
import { sqlEvaluationError } from "./sql-error.ts";
import { calculateSql, compareSql, negateSql, sqlValueOf, type SqlValue, type Truth } from "./sql-value.ts";
import type { PredicateNode, PropertyName, ValueNode } from "./syntax.ts";
import { readSystemProperty } from "./system-properties.ts";

type Evaluator<Result> = (content: MessageContent) => Result;

/** Compiles a predicate to a function once, so that messages need not walk the syntax tree. */
export function compilePredicate(node: PredicateNode): Evaluator<Truth> {
  switch (node.kind) {
    case "and":
      return conjunction(compilePredicate(node.left), compilePredicate(node.right));
    case "or":
      return disjunction(compilePredicate(node.left), compilePredicate(node.right));
    case "not":
      return negation(compilePredicate(node.operand));
    case "compare": {
      const left = compileValue(node.left);
      const right = compileValue(node.right);
      return (content) => compareSql(node.operator, left(content), right(content));
    }
    case "like":
      return like(node);
    case "in":
      return membership(compileValue(node.operand), node.choices.map(compileValue));
    case "isNull": {
      const operand = compileValue(node.operand);
      return (content) => operand(content) === null;
    }
    case "exists":
      return existence(node.property);
    case "truth":
      return truthOf(compileValue(node.operand));
  }
}

export function compileValue(node: ValueNode): Evaluator<SqlValue> {
  switch (node.kind) {
    case "constant":
      return () => node.value;
    case "property":
      return reader(node.property);
    case "newId":
      return () => randomUUID();
    case "negate": {
      const operand = compileValue(node.operand);
      return (content) => negateSql(operand(content));
    }
    case "arithmetic": {
      const left = compileValue(node.left);
      const right = compileValue(node.right);
      return (content) => calculateSql(node.operator, left(content), right(content));
    }
  }
}

/** False decides, even together with UNKNOWN. */
function conjunction(left: Evaluator<Truth>, right: Evaluator<Truth>): Evaluator<Truth> {
  return (content) => {
    const first = left(content);
    if (first === false) return false;
    const second = right(content);
    return second === false || first === true ? second : null;
  };
}

/** True decides, even together with UNKNOWN. */
function disjunction(left: Evaluator<Truth>, right: Evaluator<Truth>): Evaluator<Truth> {
  return (content) => {
    const first = left(content);
    if (first === true) return true;
    const second = right(content);
    return second === true || first === false ? second : null;
  };
}

function negation(operand: Evaluator<Truth>): Evaluator<Truth> {
  return (content) => {
    const truth = operand(content);
    return truth === null ? null : !truth;
  };
}

/** If no choice equals the value but one is NULL, the result is UNKNOWN: the NULL might be that value. */
function membership(operand: Evaluator<SqlValue>, choices: readonly Evaluator<SqlValue>[]): Evaluator<Truth> {
  return (content) => {
    const value = operand(content);
    let truth: Truth = false;
    for (const choice of choices) {
      const isEqual = compareSql("=", value, choice(content));
      if (isEqual === true) return true;
      if (isEqual === null) truth = null;
    }
    return truth;
  };
}

interface CompiledPattern {
  readonly pattern: string;
  readonly escape: string | undefined;
  readonly test: (text: string) => boolean;
}

function like(node: Extract<PredicateNode, { kind: "like" }>): Evaluator<Truth> {
  const operand = compileValue(node.operand);
  const pattern = compileValue(node.pattern);
  const escape = node.escape === undefined ? undefined : compileValue(node.escape);
  // Nearly every pattern is a constant, so it is compiled once.
  let compiled: CompiledPattern | undefined;
  return (content) => {
    const text = operand(content);
    const patternText = pattern(content);
    if (text === null || patternText === null) return null;
    if (typeof patternText !== "string") throw sqlEvaluationError("The pattern of LIKE is not a string.");
    if (typeof text !== "string") return false;
    const escapeText = escapeOf(escape?.(content));
    if (compiled?.pattern !== patternText || compiled.escape !== escapeText)
      compiled = { pattern: patternText, escape: escapeText, test: likePattern(patternText, escapeText) };
    return compiled.test(text);
  };
}

function escapeOf(value: SqlValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && Array.from(value).length === 1) return value;
  throw sqlEvaluationError("The escape of LIKE is not a single character.");
}

function existence({ scope, name }: PropertyName): Evaluator<Truth> {
  if (scope === "user") return (content) => content.applicationProperties.has(name);
  return (content) => readSystemProperty(content.properties, name) !== null;
}

function truthOf(operand: Evaluator<SqlValue>): Evaluator<Truth> {
  return (content) => {
    const value = operand(content);
    return typeof value === "boolean" ? value : null;
  };
}

/** A property that the message lacks is NULL. */
function reader({ scope, name }: PropertyName): Evaluator<SqlValue> {
  if (scope === "sys") return (content) => readSystemProperty(content.properties, name);
  return (content) => {
    const property = content.applicationProperties.get(name);
    return property === undefined ? null : sqlValueOf(property);
  };
}
