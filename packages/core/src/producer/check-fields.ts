import { isRecord, kindOf, unknownKeys } from "../errors/check-options.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { AttributeLimits, KeyLimits, Limits } from "../driver/limits.ts";
import { isReserved, RESERVED_PREFIX } from "../message/attributes.ts";

/** Limits of the application's id, which every provider can carry. */
export const ID_LIMITS: KeyLimits = { maxLength: 128 };

const SEND_OPTIONS = ["id", "attributes", "correlationId", "replyTo", "signal", "delay", "ttl"];
/** An item of `sendMany` has its body beside the options. */
const KNOWN = new Set([...SEND_OPTIONS, "body"]);

/** Makes the error for a send option or attribute. Its message names the field, never the value. */
export type Refuse = (field: string, problem: string, remedy?: string) => QueueError;

export function checkOptionNames(options: object, refuse: Refuse): void {
  for (const key in options) {
    // Libraries may have put names of their own on `Object.prototype`.
    if (KNOWN.has(key) || !Object.hasOwn(options, key)) continue;
    const [problem = "unknown key"] = unknownKeys({ [key]: 0 }, SEND_OPTIONS, "send options");
    throw refuse("options", problem, key === "orderingKey" ? KEY_OF_DEFINITION : undefined);
  }
}

const KEY_OF_DEFINITION =
  "Give the definition an orderingKey, which makes the key of a message from its body or attributes.";

/** Checks an id or key: a well-formed string of 1 to `maxLength` characters that the provider accepts. */
export function checkKey(field: string, value: unknown, limits: KeyLimits, refuse: Refuse): string {
  const key = checkText(field, value, refuse);
  if (key.length === 0 || key.length > limits.maxLength) {
    throw refuse(field, `expected 1 to ${limits.maxLength} characters, got ${key.length}`);
  }
  checkPattern(field, key, limits.pattern, refuse);
  return key;
}

function checkPattern(
  field: string,
  text: string,
  pattern: RegExp | undefined,
  refuse: Refuse,
  what = "values",
  remedy?: string,
): void {
  if (pattern === undefined || pattern.test(text)) return;
  throw refuse(field, `the provider takes only ${what} that match ${String(pattern)}`, remedy);
}

/** Checks a text that is passed on unchanged. */
function checkText(field: string, value: unknown, refuse: Refuse): string {
  if (typeof value !== "string") throw refuse(field, `expected a string, got ${typeof value}`);
  if (!value.isWellFormed()) throw refuse(field, `it ${LONE_SURROGATE}`);
  return value;
}

/** Checks a text that some providers carry as an attribute, and that may be absent. */
export function checkShortText(
  field: string,
  value: unknown,
  limits: AttributeLimits,
  refuse: Refuse,
): string | undefined {
  return value === undefined ? undefined : checkLength(field, value, limits, refuse);
}

function checkLength(field: string, value: unknown, limits: AttributeLimits, refuse: Refuse): string {
  const text = checkText(field, value, refuse);
  if (!isLonger(text, limits.maxValueBytes)) return text;
  throw refuse(field, `the value must have at most ${limits.maxValueBytes} bytes`);
}

/** Checks the changes of a middleware to a valid message. Attributes are checked later, like all others. */
export function checkDraft(
  draft: unknown,
  before: { readonly id: string; readonly orderingKey?: string | undefined },
  limits: Pick<Limits, "orderingKey">,
  refuse: Refuse,
): void {
  const refuseChange: Refuse = (field, problem) =>
    refuse(
      "a middleware changed the message",
      `${field}: ${problem}`,
      "Give next() a draft that can be sent.",
    );
  if (!isRecord(draft)) throw refuseChange("draft", `expected an object, got ${kindOf(draft)}`);
  const { id, body, contentType, attributes, orderingKey } = draft;
  if (id !== before.id) checkKey("id", id, ID_LIMITS, refuseChange);
  if (!(body instanceof Uint8Array)) {
    throw refuseChange("body", `expected a Uint8Array, got ${kindOf(body)}`);
  }
  checkText("contentType", contentType, refuseChange);
  checkPlain(attributes, refuseChange);
  if (orderingKey !== before.orderingKey)
    checkKey("orderingKey", orderingKey, limits.orderingKey, refuseChange);
}

/** Shared by all messages without attributes, if no middleware may add some. */
export const NO_ATTRIBUTES: Record<string, string> = Object.freeze({});

/** Returns a copy of the application's attributes. */
export function copyAttributes(given: unknown, refuse: Refuse): Record<string, string> {
  if (given === undefined) return {};
  checkPlain(given, refuse);
  return { ...(given as Record<string, string>) };
}

/**
 * Refuses a `Map`, `Headers`, `Date` or another instance: what it holds are not own members, so that a copy
 * would silently be empty. Plain objects may come from another realm, with a prototype of their own.
 */
function checkPlain(given: unknown, refuse: Refuse): void {
  const prototype: unknown = isRecord(given) ? Object.getPrototypeOf(given) : undefined;
  if (prototype === null || (isRecord(prototype) && Object.getPrototypeOf(prototype) === null)) return;
  const maker = isRecord(prototype) ? prototype["constructor"] : undefined;
  const kind = typeof maker === "function" ? `a ${maker.name}` : kindOf(given);
  throw refuse(
    "attributes",
    `expected a plain object of strings, got ${kind}`,
    "Use { name: value }, or Object.fromEntries for a Map or Headers.",
  );
}

/** Checks names, values and their number against the provider's limits, and refuses the core's own names. */
export function checkAttributes(
  attributes: Readonly<Record<string, string>>,
  limits: AttributeLimits,
  refuse: Refuse,
): void {
  if (attributes === NO_ATTRIBUTES) return;
  const names = Object.keys(attributes);
  for (const name of names) {
    checkName(name, limits, refuse);
    checkValue(name, attributes[name], limits, refuse);
  }
  if (names.length > limits.maxCount) {
    throw refuse("attributes", `the provider carries ${limits.maxCount}, got ${names.length}`);
  }
}

const LONE_SURROGATE = "has a lone surrogate, which UTF-8 cannot carry";
const RENAME = "Rename the attribute.";

function checkName(name: string, limits: AttributeLimits, refuse: Refuse): void {
  const field = attribute(name);
  if (isReserved(name))
    throw refuse(field, `names that begin with "${RESERVED_PREFIX}" are reserved`, RENAME);
  if (name === "") throw refuse("attributes", "a name must not be empty", RENAME);
  // Most code that handles records silently loses an assignment to this name.
  if (name === "__proto__") throw refuse(field, "this name is not allowed", RENAME);
  if (!name.isWellFormed()) throw refuse(field, `the name ${LONE_SURROGATE}`, RENAME);
  if (isLonger(name, limits.maxNameBytes)) {
    throw refuse(field, `the name must have at most ${limits.maxNameBytes} bytes`, RENAME);
  }
  checkPattern(field, name, limits.namePattern, refuse, "names", RENAME);
  for (const prefix of limits.reservedPrefixes) {
    if (name.slice(0, prefix.length).toLowerCase() === prefix) {
      throw refuse(field, `names that begin with ${JSON.stringify(prefix)} belong to the provider`, RENAME);
    }
  }
}

function checkValue(name: string, value: unknown, limits: AttributeLimits, refuse: Refuse): void {
  const field = attribute(name);
  const text = checkLength(field, value, limits, refuse);
  if (text === "" && !limits.emptyValues) {
    throw refuse(field, "the provider cannot carry an empty value", "Leave the attribute out.");
  }
  checkPattern(field, text, limits.valuePattern, refuse);
}

/** UTF-8 needs at most three bytes for a UTF-16 unit, so most texts need not be counted. */
function isLonger(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

function attribute(name: string): string {
  return `attributes[${JSON.stringify(name.slice(0, 80))}]`;
}
