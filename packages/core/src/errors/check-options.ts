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

/** Problems that any options can have: no object, unknown keys, a `signal` that is not an AbortSignal. */
export function callProblems(options: unknown, known: readonly string[], where: string): string[] {
  if (!isRecord(options)) return [`${where}: expected an object, got ${kindOf(options)}`];
  const problems = unknownKeys(options, known, where);
  const signal = known.includes("signal") ? options["signal"] : undefined;
  return signal === undefined ? problems : [...problems, ...signalProblems(signal, `${where}.signal`)];
}

/** Returns no problem if `signal` is an AbortSignal. */
function signalProblems(signal: unknown, where: string): string[] {
  return signal instanceof AbortSignal ? [] : [`${where}: expected an AbortSignal, got ${kindOf(signal)}`];
}

/** Returns one sentence for each of these members that is given but not a function. */
export function functionProblems(
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
  where: string,
): string[] {
  return names
    .filter((name) => given[name] !== undefined && typeof given[name] !== "function")
    .map((name) => `${where}.${name}: expected a function, got ${kindOf(given[name])}`);
}

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
