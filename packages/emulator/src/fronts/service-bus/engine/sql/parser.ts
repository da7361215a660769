import type { PropertyValue } from "../message-content.ts";
import { sqlSyntaxError } from "./sql-error.ts";
import { SQL_MAX_DEPTH } from "./sql-limits.ts";
import { sqlValueOf } from "./sql-value.ts";
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Node,
  PredicateNode,
  PropertyName,
  ValueNode,
} from "./syntax.ts";
import { isSystemProperty } from "./system-properties.ts";
import type { TokenReader } from "./token-reader.ts";
import type { Token } from "./tokens.ts";

export type SqlParameters = ReadonlyMap<string, PropertyValue>;

const COMPARISONS: Readonly<Record<string, ComparisonOperator>> = {
  "=": "=",
  "<>": "<>",
  "!=": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

/**
 * Recursive descent, from the loosest binding to the tightest: OR, AND, NOT, comparisons, + -, * / %, signs.
 * A parenthesis may hold a predicate or a value, depending on its content.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter (2026-11-29)
 */
export class ExpressionParser {
  readonly #tokens: TokenReader;
  readonly #parameters: SqlParameters;
  #depth = 0;

  constructor(tokens: TokenReader, parameters: SqlParameters) {
    this.#tokens = tokens;
    this.#parameters = parameters;
  }

  predicate(): PredicateNode {
    const start = this.#tokens.current;
    return asPredicate(this.#or(), start);
  }

  value(): ValueNode {
    const start = this.#tokens.current;
    return asValue(this.#sum(), start);
  }

  property(): PropertyName {
    const first = this.#name();
    if (!this.#tokens.takeSymbol(".")) return { scope: "user", name: first.text };
    const scope = first.text.toLowerCase();
    const name = this.#name();
    if (scope === "user") return { scope, name: name.text };
    if (scope !== "sys") throw failure(first, "The scope of a property is 'user' or 'sys'.");
    if (!isSystemProperty(name.text)) throw failure(name, "There is no such system property.");
    return { scope, name: name.text.toLowerCase() };
  }

  #or(): Node {
    let start = this.#tokens.current;
    let left = this.#and();
    while (this.#tokens.takeKeyword("OR")) {
      const rightStart = this.#tokens.current;
      left = { kind: "or", left: asPredicate(left, start), right: asPredicate(this.#and(), rightStart) };
      start = rightStart;
    }
    return left;
  }

  #and(): Node {
    let start = this.#tokens.current;
    let left = this.#not();
    while (this.#tokens.takeKeyword("AND")) {
      const rightStart = this.#tokens.current;
      left = { kind: "and", left: asPredicate(left, start), right: asPredicate(this.#not(), rightStart) };
      start = rightStart;
    }
    return left;
  }

  #not(): Node {
    if (!this.#tokens.takeKeyword("NOT")) return this.#comparison();
    const start = this.#tokens.current;
    return {
      kind: "not",
      operand: asPredicate(
        this.#nested(() => this.#not()),
        start,
      ),
    };
  }

  #comparison(): Node {
    const start = this.#tokens.current;
    const left = this.#sum();
    const operator = this.#takeComparison();
    if (operator !== undefined) {
      const rightStart = this.#tokens.current;
      return {
        kind: "compare",
        operator,
        left: asValue(left, start),
        right: asValue(this.#sum(), rightStart),
      };
    }
    if (this.#tokens.takeKeyword("IS")) return this.#isNull(asValue(left, start));
    const isNegated = this.#tokens.takeKeyword("NOT");
    const test = this.#membership(left, start);
    if (test === undefined && isNegated) throw failure(this.#tokens.current, "LIKE or IN was expected.");
    return test === undefined ? left : negatedIf(isNegated, test);
  }

  #takeComparison(): ComparisonOperator | undefined {
    const { kind, text } = this.#tokens.current;
    const operator = kind === "symbol" ? COMPARISONS[text] : undefined;
    if (operator !== undefined) this.#tokens.take();
    return operator;
  }

  #isNull(operand: ValueNode): PredicateNode {
    const isNegated = this.#tokens.takeKeyword("NOT");
    this.#tokens.expectKeyword("NULL");
    return negatedIf(isNegated, { kind: "isNull", operand });
  }

  #membership(left: Node, start: Token): PredicateNode | undefined {
    if (this.#tokens.takeKeyword("LIKE")) return this.#like(asValue(left, start));
    if (this.#tokens.takeKeyword("IN")) return this.#in(asValue(left, start));
    return undefined;
  }

  #like(operand: ValueNode): PredicateNode {
    const pattern = this.value();
    const escape = this.#tokens.takeKeyword("ESCAPE") ? this.value() : undefined;
    return { kind: "like", operand, pattern, escape };
  }

  #in(operand: ValueNode): PredicateNode {
    this.#tokens.expectSymbol("(");
    const choices = [this.value()];
    while (this.#tokens.takeSymbol(",")) choices.push(this.value());
    this.#tokens.expectSymbol(")");
    return { kind: "in", operand, choices };
  }

  #sum(): Node {
    return this.#leftAssociative(["+", "-"], () => this.#product());
  }

  #product(): Node {
    return this.#leftAssociative(["*", "/", "%"], () => this.#signed());
  }

  #leftAssociative(operators: readonly ArithmeticOperator[], operand: () => Node): Node {
    const start = this.#tokens.current;
    let left = operand();
    for (;;) {
      const operator = operators.find((symbol) => this.#tokens.takeSymbol(symbol));
      if (operator === undefined) return left;
      const rightStart = this.#tokens.current;
      left = {
        kind: "arithmetic",
        operator,
        left: asValue(left, start),
        right: asValue(operand(), rightStart),
      };
    }
  }

  #signed(): Node {
    const isNegative = this.#tokens.takeSymbol("-");
    if (!isNegative && !this.#tokens.takeSymbol("+")) return this.#primary();
    const start = this.#tokens.current;
    const operand = asValue(
      this.#nested(() => this.#signed()),
      start,
    );
    return isNegative ? { kind: "negate", operand } : operand;
  }

  #primary(): Node {
    const token = this.#tokens.current;
    switch (token.kind) {
      case "string":
        return constant(this.#tokens.take().text);
      case "integer":
        return constant(BigInt(this.#tokens.take().text));
      case "decimal":
        return constant(Number(this.#tokens.take().text));
      case "parameter":
        return this.#parameter(this.#tokens.take());
      case "keyword":
        return this.#keyword(this.#tokens.take());
      case "identifier":
        return this.#tokens.isCallAhead() ? this.#call(this.#tokens.take()) : this.#propertyNode();
      case "quoted":
        return this.#propertyNode();
      case "symbol":
      case "end":
        return this.#parenthesis();
    }
  }

  #parenthesis(): Node {
    this.#tokens.expectSymbol("(", "A value, a property or '(' was expected.");
    const inner = this.#nested(() => this.#or());
    this.#tokens.expectSymbol(")");
    return inner;
  }

  #keyword(token: Token): Node {
    if (token.text === "NULL") return constant(null);
    if (token.text === "TRUE" || token.text === "FALSE") return constant(token.text === "TRUE");
    if (token.text !== "EXISTS") throw failure(token, "The keyword is not expected here.");
    this.#tokens.expectSymbol("(");
    const property = this.property();
    this.#tokens.expectSymbol(")");
    return { kind: "exists", property };
  }

  #call(token: Token): ValueNode {
    const name = token.text.toLowerCase();
    this.#tokens.expectSymbol("(");
    const node = name === "newid" ? ({ kind: "newId" } as const) : this.#propertyCall(token, name);
    this.#tokens.expectSymbol(")");
    return node;
  }

  /** `property(name)` and `p(name)` give access to names that are not valid identifiers. */
  #propertyCall(token: Token, name: string): ValueNode {
    if (name !== "property" && name !== "p") throw failure(token, "There is no such function.");
    const argument = this.#tokens.current;
    if (argument.kind !== "string") return this.#propertyNode();
    return { kind: "property", property: { scope: "user", name: this.#tokens.take().text } };
  }

  #parameter(token: Token): ValueNode {
    const value = this.#parameters.get(token.text) ?? this.#parameters.get(token.text.slice(1));
    if (value === undefined) throw failure(token, "The parameter has no value.");
    return constant(sqlValueOf(value));
  }

  #propertyNode(): ValueNode {
    return { kind: "property", property: this.property() };
  }

  #name(): Token {
    const token = this.#tokens.current;
    if (token.kind !== "identifier" && token.kind !== "quoted")
      throw failure(token, "The name of a property was expected.");
    return this.#tokens.take();
  }

  #nested<Result>(parse: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > SQL_MAX_DEPTH)
      throw failure(this.#tokens.current, "The expression is nested too deeply.");
    const result = parse();
    this.#depth -= 1;
    return result;
  }
}

const VALUE_KINDS: ReadonlySet<string> = new Set(["constant", "property", "newId", "negate", "arithmetic"]);

function isValue(node: Node): node is ValueNode {
  return VALUE_KINDS.has(node.kind);
}

function asValue(node: Node, start: Token): ValueNode {
  if (isValue(node)) return node;
  throw failure(start, "A value was expected, not a condition.");
}

function asPredicate(node: Node, start: Token): PredicateNode {
  if (!isValue(node)) return node;
  if (node.kind === "property" || (node.kind === "constant" && typeof node.value === "boolean"))
    return { kind: "truth", operand: node };
  throw failure(start, "A condition was expected, not a value.");
}

function negatedIf(isNegated: boolean, operand: PredicateNode): PredicateNode {
  return isNegated ? { kind: "not", operand } : operand;
}

function constant(value: Extract<ValueNode, { kind: "constant" }>["value"]): ValueNode {
  return { kind: "constant", value };
}

function failure(token: Token, details: string): Error {
  return sqlSyntaxError(token.position, token.kind === "end" ? "end of expression" : token.text, details);
}
