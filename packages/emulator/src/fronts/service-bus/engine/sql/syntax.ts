import type { SqlValue } from "./sql-value.ts";

/** A property of the message, or a system property of the broker if the scope is `sys`. */
export interface PropertyName {
  readonly scope: "user" | "sys";
  readonly name: string;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";
export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** An expression that gives a value. */
export type ValueNode =
  | { readonly kind: "constant"; readonly value: SqlValue }
  | { readonly kind: "property"; readonly property: PropertyName }
  | { readonly kind: "newId" }
  | { readonly kind: "negate"; readonly operand: ValueNode }
  | {
      readonly kind: "arithmetic";
      readonly operator: ArithmeticOperator;
      readonly left: ValueNode;
      readonly right: ValueNode;
    };

/** An expression that is true, false or unknown. */
export type PredicateNode =
  | { readonly kind: "and" | "or"; readonly left: PredicateNode; readonly right: PredicateNode }
  | { readonly kind: "not"; readonly operand: PredicateNode }
  | {
      readonly kind: "compare";
      readonly operator: ComparisonOperator;
      readonly left: ValueNode;
      readonly right: ValueNode;
    }
  | {
      readonly kind: "like";
      readonly operand: ValueNode;
      readonly pattern: ValueNode;
      readonly escape: ValueNode | undefined;
    }
  | { readonly kind: "in"; readonly operand: ValueNode; readonly choices: readonly ValueNode[] }
  | { readonly kind: "isNull"; readonly operand: ValueNode }
  | { readonly kind: "exists"; readonly property: PropertyName }
  /** A boolean on its own. */
  | { readonly kind: "truth"; readonly operand: ValueNode };

export type Node = ValueNode | PredicateNode;

/** One statement of an action. */
export type StatementNode =
  | { readonly kind: "set"; readonly property: PropertyName; readonly value: ValueNode }
  | { readonly kind: "remove"; readonly property: PropertyName };
