import { EmulatorError } from "../emulator-error.ts";
import type { FaultRule } from "./fault-rule.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isInteger(value) && Number(value) >= 0;
const isPositive: Check = (value) => Number.isInteger(value) && Number(value) > 0;
const isFinite: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isDelay: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isChance: Check = (value) => typeof value === "number" && value >= 0 && value <= 1;
const isIndexes: Check = (value) => Array.isArray(value) && value.every(isCount);
const isStatus: Check = (value) => Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599;
const isOneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);

interface Member {
  readonly check: Check;
  readonly expected: string;
  readonly isRequired?: boolean;
}

const RULE_MEMBERS: Readonly<Record<string, Member>> = {
  operation: { check: isText, expected: "the name of an operation, such as SendMessage or Send*" },
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

const MATCH_MEMBERS: Readonly<Record<string, Member>> = {
  attempt: { check: isPositive, expected: "an attempt >= 1" },
  bodyContains: { check: isText, expected: "a text" },
  region: { check: isText, expected: "a region" },
  wire: { check: isOneOf("json", "query"), expected: '"json" or "query"' },
};

const ENTRIES: Member = { check: isIndexes, expected: "a list of indexes from 0" };
const CODE: Member = { check: isText, expected: "an error code" };
const MESSAGE: Member = { check: isText, expected: "a text" };

const ACTION_MEMBERS: Readonly<Record<string, Readonly<Record<string, Member>>>> = {
  error: {
    code: { ...CODE, isRequired: true },
    status: { check: isStatus, expected: "a status from 400 to 599" },
    message: MESSAGE,
    isReceiverFault: { check: isFlag, expected: "true or false" },
  },
  throttle: {
    code: {
      check: isOneOf("RequestThrottled", "ThrottlingException"),
      expected: "RequestThrottled or ThrottlingException",
    },
    retryAfterSeconds: { check: isDelay, expected: "a number of seconds" },
  },
  serverError: {
    status: { check: isOneOf(500, 502, 503, 504), expected: "500, 502, 503 or 504" },
    html: { check: isFlag, expected: "true or false" },
  },
  accessDenied: {},
  expiredToken: {},
  clockSkew: {
    skewMs: { check: isFinite, expected: "a number of milliseconds", isRequired: true },
    code: CODE,
  },
  partialBatch: {
    entries: ENTRIES,
    code: CODE,
    message: MESSAGE,
    isSenderFault: { check: isFlag, expected: "true or false" },
  },
  reset: {},
  hold: {},
  delay: { ms: { check: isDelay, expected: "a number of milliseconds >= 0", isRequired: true } },
  trickle: {
    bytesPerPart: { check: isPositive, expected: "a number of bytes >= 1" },
    everyMs: { check: isDelay, expected: "a number of milliseconds >= 0" },
  },
  duplicate: {},
  shuffle: {},
  corruptMd5: { entries: ENTRIES },
  expireLease: {},
};

/** A rule from outside the process, whose type nobody has checked. */
export function parseFaultRule(value: unknown): FaultRule {
  assertFaultRule(value);
  return value;
}

/** Rules come from tests and from HTTP: a typo must not make a rule that silently never fires. */
export function assertFaultRule(rule: unknown): asserts rule is FaultRule {
  if (!isObject(rule)) throw invalid("A fault rule must be an object.");
  checkMembers(rule, RULE_MEMBERS, "fault rule");
  const { action, match } = rule;
  if (isObject(match)) checkMembers(match, MATCH_MEMBERS, "match");
  if (!isObject(action)) return;
  const kind = action["kind"];
  const members =
    typeof kind === "string" && Object.hasOwn(ACTION_MEMBERS, kind) ? ACTION_MEMBERS[kind] : undefined;
  if (members === undefined) {
    throw invalid(
      `Unknown kind of fault action ${JSON.stringify(kind)}. Known: ${Object.keys(ACTION_MEMBERS).join(", ")}.`,
    );
  }
  checkMembers(
    action,
    { ...members, kind: { check: isText, expected: "a kind" } },
    `action "${String(kind)}"`,
  );
  if (kind === "expireLease" && rule["when"] === "after") {
    throw invalid(
      'Action "expireLease" works on the receipt handles of a request and only with when: "before".',
    );
  }
}

function checkMembers(
  value: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, Member>>,
  where: string,
): void {
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(members, name)) continue;
    throw invalid(`Unknown member ${name} in ${where}. Known: ${Object.keys(members).join(", ") || "none"}.`);
  }
  for (const [name, member] of Object.entries(members)) {
    const given = value[name];
    if (given === undefined && member.isRequired !== true) continue;
    if (!member.check(given)) {
      throw invalid(
        `${name} in ${where} must be ${member.expected}, got ${JSON.stringify(given) ?? "nothing"}.`,
      );
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): EmulatorError {
  return new EmulatorError("INVALID_FAULT", message);
}
