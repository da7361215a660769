import { EmulatorError } from "../emulator-error.ts";
import type { FaultRule, Protocol } from "./fault-rule.ts";
import {
  isChance,
  isCount,
  isObject,
  isOneOf,
  isPositive,
  isText,
  type Member,
  type Members,
} from "./rule-members.ts";
import { SERVICE_BUS_ACTION_MEMBERS } from "./service-bus-action-members.ts";
import { PUBSUB_ACTION_MEMBERS } from "./pubsub-action-members.ts";
import { SQS_ACTION_MEMBERS } from "./sqs-action-members.ts";

/** Every kind of action of every front, with its members. */
const ACTIONS: Readonly<Record<Protocol, Readonly<Record<string, Members>>>> = {
  sqs: SQS_ACTION_MEMBERS,
  "service-bus": SERVICE_BUS_ACTION_MEMBERS,
  pubsub: PUBSUB_ACTION_MEMBERS,
};
export const PROTOCOLS: readonly Protocol[] = Object.keys(ACTIONS) as readonly Protocol[];

const RULE_MEMBERS: Members = {
  operation: { check: isText, expected: "the name of an operation, such as SendMessage or Send*" },
  protocol: { check: isOneOf(...PROTOCOLS), expected: `one of ${PROTOCOLS.join(", ")}` },
  queue: { check: isText, expected: "the name of a queue, such as orders or orders-*" },
  match: {
    check: (value) => typeof value === "function" || isObject(value),
    expected: "an object or a function",
  },
  when: { check: isOneOf("before", "after"), expected: '"before" or "after"' },
  skip: { check: isCount, expected: "a number of calls >= 0" },
  count: { check: isPositive, expected: "a number of calls >= 1" },
  probability: { check: isChance, expected: "a number from 0 to 1" },
  action: { check: isObject, expected: 'an object such as { "kind": "reset" }', isRequired: true },
};

const MATCH_MEMBERS: Members = {
  attempt: { check: isPositive, expected: "an attempt >= 1" },
  bodyContains: { check: isText, expected: "a text" },
  region: { check: isText, expected: "a region" },
  wire: {
    check: isOneOf("json", "query", "amqp", "atom", "grpc"),
    expected: "json, query, amqp, atom or grpc",
  },
};

/** Checks a rule from outside the process, whose type is unknown. */
export function parseFaultRule(value: unknown): FaultRule {
  assertFaultRule(value);
  return value;
}

/** Rules come from tests and over HTTP. A typo must not produce a rule that silently never fires. */
export function assertFaultRule(rule: unknown): asserts rule is FaultRule {
  if (!isObject(rule)) throw invalid("A fault rule must be an object.");
  checkMembers(rule, RULE_MEMBERS, "fault rule");
  const { action, match } = rule;
  if (isObject(match)) checkMembers(match, MATCH_MEMBERS, "match");
  if (!isObject(action)) return;
  const kind = action["kind"];
  checkAction(action, rule["protocol"]);
  if (kind === "expireLease" && rule["when"] === "after") {
    throw invalid(
      'Action "expireLease" ends leases that a request names, so it works only with when: "before".',
    );
  }
}

const KIND: Member = { check: isText, expected: "a kind" };

/** Returns true if this front supports the action. A front ignores rules with actions it does not support. */
export function knowsAction(protocol: Protocol, action: Readonly<Record<string, unknown>>): boolean {
  const members = membersOf(protocol, action["kind"]);
  return members !== undefined && problemWith(action, members, "") === undefined;
}

/** A rule without `protocol` applies to every front that supports its action with these members. */
function checkAction(action: Readonly<Record<string, unknown>>, protocol: unknown): void {
  const kind = action["kind"];
  const fronts = PROTOCOLS.filter((name) => protocol === undefined || protocol === name);
  const knowing = fronts.filter((name) => membersOf(name, kind) !== undefined);
  if (knowing.some((name) => knowsAction(name, action))) return;
  for (const name of knowing) {
    const problem = problemWith(action, membersOf(name, kind) ?? {}, `action "${String(kind)}"`);
    if (problem !== undefined) throw invalid(problem);
  }
  const known = new Set(fronts.flatMap((front) => Object.keys(ACTIONS[front])));
  throw invalid(`Unknown kind of fault action ${JSON.stringify(kind)}. Known: ${[...known].join(", ")}.`);
}

function membersOf(protocol: Protocol, kind: unknown): Members | undefined {
  if (typeof kind !== "string" || !Object.hasOwn(ACTIONS[protocol], kind)) return undefined;
  return { ...ACTIONS[protocol][kind], kind: KIND };
}

function checkMembers(value: Readonly<Record<string, unknown>>, members: Members, where: string): void {
  const problem = problemWith(value, members, where);
  if (problem !== undefined) throw invalid(problem);
}

function problemWith(
  value: Readonly<Record<string, unknown>>,
  members: Members,
  where: string,
): string | undefined {
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(members, name)) continue;
    return `Unknown member ${name} in ${where}. Known: ${Object.keys(members).join(", ") || "none"}.`;
  }
  for (const [name, member] of Object.entries(members)) {
    const given = value[name];
    if (given === undefined && member.isRequired !== true) continue;
    if (!member.check(given)) {
      return `${name} in ${where} must be ${member.expected}, got ${JSON.stringify(given) ?? "nothing"}.`;
    }
  }
  return undefined;
}

function invalid(message: string): EmulatorError {
  return new EmulatorError("INVALID_FAULT", message);
}
