import type { SeededRandom } from "../random/seeded-random.ts";
import { assertFaultRule, knowsAction, PROTOCOLS } from "./check-fault-rule.ts";
import type { ActionsByProtocol, FaultCall, FaultMatch, FaultRule, Protocol } from "./fault-rule.ts";

/** A rule that fires on the current call. */
export interface FiredFault<Of extends Protocol> {
  readonly ruleId: string;
  readonly action: ActionsByProtocol[Of];
}

interface ActiveRule {
  readonly id: string;
  readonly rule: FaultRule;
  readonly operation: RegExp | undefined;
  readonly queue: RegExp | undefined;
  /** The fronts that support the rule's action. */
  readonly protocols: ReadonlySet<Protocol>;
  toSkip: number;
  left: number;
  fired: number;
}

/** The active fault rules, in the order they were added. */
export class FaultPlan {
  readonly #random: SeededRandom;
  readonly #rules = new Map<string, ActiveRule>();
  #nextId = 1;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Returns the id with which the rule can be removed. */
  add(rule: FaultRule): string {
    assertFaultRule(rule);
    const id = `fault-${this.#nextId++}`;
    this.#rules.set(id, {
      id,
      rule,
      operation: globPattern(rule.operation),
      queue: globPattern(rule.queue),
      protocols: new Set(PROTOCOLS.filter((protocol) => knowsAction(protocol, { ...rule.action }))),
      toSkip: rule.skip ?? 0,
      left: rule.count ?? Number.POSITIVE_INFINITY,
      fired: 0,
    });
    return id;
  }

  remove(id: string): void {
    this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** Returns every rule with how often it has fired. */
  list(): readonly { readonly id: string; readonly rule: FaultRule; readonly fired: number }[] {
    return [...this.#rules.values()].map(({ id, rule, fired }) => ({ id, rule, fired }));
  }

  /** Draws for every rule that matches the call at this position, and uses up those that fire. */
  take<Of extends Protocol>(call: FaultCall<Of>, when: "before" | "after"): readonly FiredFault<Of>[] {
    const firing: FiredFault<Of>[] = [];
    for (const active of this.#rules.values()) {
      if ((active.rule.when ?? "before") !== when || active.left <= 0 || !fits(active, call)) continue;
      if (active.toSkip > 0) {
        active.toSkip -= 1;
        continue;
      }
      if (this.#random.next() >= (active.rule.probability ?? 1)) continue;
      active.left -= 1;
      active.fired += 1;
      // `fits` has checked that this front supports the action.
      firing.push({ ruleId: active.id, action: active.rule.action as ActionsByProtocol[Of] });
    }
    return firing;
  }
}

function fits(active: ActiveRule, call: FaultCall): boolean {
  if (active.rule.protocol !== undefined && active.rule.protocol !== call.protocol) return false;
  if (!active.protocols.has(call.protocol)) return false;
  if (active.operation !== undefined && !active.operation.test(call.operation)) return false;
  if (active.queue !== undefined && !active.queue.test(call.queue ?? "")) return false;
  const { match } = active.rule;
  if (match === undefined) return true;
  return typeof match === "function" ? match(call) : fitsMatch(match, call);
}

function fitsMatch(match: FaultMatch, call: FaultCall): boolean {
  return (
    (match.attempt === undefined || match.attempt === call.attempt) &&
    (match.region === undefined || match.region === call.region) &&
    (match.wire === undefined || match.wire === call.wire) &&
    (match.bodyContains === undefined || call.body.includes(match.bodyContains))
  );
}

function globPattern(glob: string | undefined): RegExp | undefined {
  if (glob === undefined || glob === "*") return undefined;
  const escaped = glob.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
