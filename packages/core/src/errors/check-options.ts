import { QueueError } from "./queue-error.ts";
import { suggest } from "./suggest.ts";

/** Returns one sentence for each unknown key, with the key that was probably meant. */
export function unknownKeys(given: object, known: readonly string[], where: string): string[] {
  return Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKey(key, known, where));
}

/** Returns the sentence about one unknown key. */
export function unknownKey(key: string, known: readonly string[], where: string): string {
  const meant = suggest(key, known);
  const hint = meant === undefined ? `known: ${known.join(", ") || "none"}` : `did you mean "${meant}"?`;
  return `${where}: unknown key ${JSON.stringify(key.slice(0, 80))} (${hint})`;
}

/** Returns the problems of a value, one sentence each. `where` names it. */
export type Check = (value: unknown, where: string) => string[];

/** The members that an options object may have, each with its check. */
export type Checks = Readonly<Record<string, Check>>;

/** Problems of an options object: it is none, has unknown keys, or members that their checks refuse. */
export function optionProblems(
  options: unknown,
  checks: Checks,
  where: string,
  required?: readonly string[],
): string[] {
  if (!isRecord(options)) return recordProblems(options, where);
  return [
    ...unknownKeys(options, Object.keys(checks), where),
    ...memberProblems(options, checks, where, required),
  ];
}

/** Checks the members that are given, and the required ones in any case. Ignores other keys. */
export function memberProblems(
  given: Readonly<Record<string, unknown>>,
  checks: Checks,
  where: string,
  required: readonly string[] = [],
): string[] {
  return Object.entries(checks).flatMap(([name, check]) =>
    given[name] === undefined && !required.includes(name) ? [] : check(given[name], `${where}.${name}`),
  );
}

/** The check of an object whose members, whatever their names, must all pass one check. */
/* @__NO_SIDE_EFFECTS__ */
export function each(check: (value: unknown, where: string, name: string) => string[]): Check {
  return (given, where) =>
    isRecord(given)
      ? Object.entries(given).flatMap(([name, value]) => check(value, `${where}.${name}`, name))
      : recordProblems(given, where);
}

/** The check of a list, whose items must all pass one check. */
/* @__NO_SIDE_EFFECTS__ */
export function listOf(check: Check): Check {
  return (given, where) =>
    Array.isArray(given)
      ? given.flatMap((item, index) => check(item, `${where}[${index}]`))
      : [`${where}: expected an array, got ${kindOf(given)}`];
}

/** For a member that is checked elsewhere, or not at all. */
export function noProblems(): string[] {
  return [];
}

/** Makes a check that a value is what `what` says. */
/* @__NO_SIDE_EFFECTS__ */
export function expects(what: string, isFine: (value: unknown) => boolean): Check {
  return (value, where) => (isFine(value) ? [] : [`${where}: expected ${what}, got ${kindOf(value)}`]);
}

export const recordProblems = expects("an object", isRecord);
export const signalProblems = expects("an AbortSignal", (value) => value instanceof AbortSignal);
export const functionProblems = expects("a function", (value) => typeof value === "function");
export const textProblems = expects("a text", (value) => typeof value === "string");

/** Throws INVALID_ARGUMENT with every problem at once; does nothing if there is none. */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new QueueError("INVALID_ARGUMENT", { what: problems.join("; ") });
}

/** Returns no problem if `value` is a whole number from `min`; `other` names what else is taken. */
export function countProblems(value: unknown, where: string, min = 1, other = ""): string[] {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return [];
  const got = typeof value === "number" ? String(value) : kindOf(value);
  return [`${where}: expected a whole number from ${min}${other}, got ${got}`];
}

/** The kind of a value, for messages that must not carry the value itself. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Returns the value itself if it is an options object, else an empty one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

/** True for an object that is neither an array nor null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
