import type { CorrelationRuleFilter, RuleProperties, SqlRuleFilter } from "@azure/service-bus";

/**
 * One rule of a subscription, which gets a copy of each message that any of its rules lets pass. Set at most
 * one of `sql` and `correlation`; without either, everything passes.
 */
export interface SubscriptionRule {
  /** Up to 50 letters, digits, ".", "-" and "_"; unique in the subscription. */
  readonly name: string;
  /**
   * An SQL condition on attributes and `sys.` properties: `"total > 100 AND sys.Label = 'order'"`.
   * @default none
   */
  readonly sql?: string | undefined;
  /** Fields and attributes that must be equal; cheaper for the service than SQL. @default none */
  readonly correlation?: CorrelationRuleFilter | undefined;
  /** An SQL action on the copy: `"SET priority = 'high'"`. @default none */
  readonly action?: string | undefined;
}

/** Without a condition everything passes. */
export function filterOf({ sql, correlation }: SubscriptionRule): SqlRuleFilter | CorrelationRuleFilter {
  return correlation ?? { sqlExpression: sql ?? "1=1" };
}

/** True if the service has exactly these rules. */
export function hasRules(existing: readonly RuleProperties[], wanted: readonly SubscriptionRule[]): boolean {
  if (existing.length !== wanted.length) return false;
  return wanted.every((rule) => {
    const found = existing.find(({ name }) => name.toLowerCase() === rule.name.toLowerCase());
    if (found === undefined) return false;
    const isSameAction = (found.action.sqlExpression ?? "") === (rule.action ?? "");
    return isSameAction && sameText(found.filter) === sameText(filterOf(rule));
  });
}

/** Ignores the order of members, and of attributes too: the service may keep another order. */
function sameText(filter: object): string {
  const texts = Object.entries(filter)
    .filter(([, value]) => value !== undefined && !isEmpty(value))
    .map(([name, value]) => JSON.stringify([name, isGroup(value) ? sameText(value) : value]));
  return texts.toSorted().join();
}

function isEmpty(value: unknown): boolean {
  return isGroup(value) && Object.keys(value).length === 0;
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}
