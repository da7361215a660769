import { suggest } from "@anyqueue/core/adapter";
import type { SubscriptionRule } from "./subscription-rule.ts";

const KEYS: readonly string[] = ["name", "sql", "correlation", "action"] satisfies (keyof SubscriptionRule)[];
/** Longest name of a rule. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-29) */
const MAX_NAME_LENGTH = 50;
/** `topic/name`, or as the service writes it; the topic itself may have slashes. */
const SUBSCRIPTION = /^(.+?)(?:\/subscriptions)?\/([^/]+)$/i;

/** Rules of the subscriptions of one client. */
export class SubscriptionRules {
  readonly #rules = new Map<string, readonly SubscriptionRule[]>();
  readonly #prefix: string;

  /** @param prefix what the client puts before topic names: rules match the name with it, else without it */
  constructor(rules: Readonly<Record<string, readonly SubscriptionRule[]>>, prefix: string) {
    for (const [key, of] of Object.entries(rules)) {
      const [, topic = "", subscription = ""] = SUBSCRIPTION.exec(key) ?? [];
      this.#rules.set(keyOf(topic, subscription), of);
    }
    this.#prefix = prefix;
  }

  /** Undefined if none were given: then everything passes. */
  of(topic: string, subscription: string): readonly SubscriptionRule[] | undefined {
    const exact = this.#rules.get(keyOf(topic, subscription));
    if (exact !== undefined || !topic.startsWith(this.#prefix)) return exact;
    return this.#rules.get(keyOf(topic.slice(this.#prefix.length), subscription));
  }
}

/** Returns everything that is wrong with the option `rules`. */
export function ruleProblems(rules: unknown): readonly string[] {
  if (rules === undefined) return [];
  const isRecord = isObject(rules) && Object.values(rules).every((each) => Array.isArray(each));
  if (!isRecord) return ["`rules` is not a record of lists"];
  return Object.entries(rules as Record<string, readonly unknown[]>).flatMap(([key, list]) => {
    const where = `rules[${JSON.stringify(key)}]`;
    const problems = list.flatMap((rule) => problemsOf(rule, where));
    if (!SUBSCRIPTION.test(key)) problems.push(`${where}: expected "topic/subscription" for its name`);
    if (list.length === 0) problems.push(`${where}: expected a rule; leave it out to let everything pass`);
    const names = list.map((rule) => String(isObject(rule) ? rule["name"] : rule).toLowerCase());
    if (new Set(names).size < names.length) problems.push(`${where}: two rules have the same name`);
    return problems;
  });
}

function problemsOf(rule: unknown, where: string): string[] {
  if (!isObject(rule)) return [`${where}: a rule is not an object`];
  const { name, sql, correlation, action } = rule;
  const problems = Object.keys(rule)
    .filter((key) => !KEYS.includes(key))
    .map((key) => `${where}: unknown key ${JSON.stringify(key)} (${hint(key)})`);
  if (!isText(name) || name.length > MAX_NAME_LENGTH)
    problems.push(`${where}: a rule has no name of 1 to ${MAX_NAME_LENGTH} characters`);
  if (sql !== undefined && !isText(sql)) problems.push(`${where}: \`sql\` is not a condition`);
  if (correlation !== undefined && !isObject(correlation))
    problems.push(`${where}: \`correlation\` is not an object`);
  if (sql !== undefined && correlation !== undefined)
    problems.push(`${where}: \`sql\` and \`correlation\` cannot be combined`);
  if (action !== undefined && !isText(action)) problems.push(`${where}: \`action\` is not an SQL action`);
  return problems;
}

function hint(key: string): string {
  const meant = suggest(key, KEYS);
  return meant === undefined ? `known: ${KEYS.join(", ")}` : `did you mean "${meant}"?`;
}

function keyOf(topic: string, subscription: string): string {
  return `${topic}/${subscription}`.toLowerCase();
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
