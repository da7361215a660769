import { QueueError } from "./queue-error.ts";
import { suggest } from "./suggest.ts";

/** One sentence for each key that is not known, with the key that was probably meant. */
export function unknownKeys(given: object, known: readonly string[], where: string): string[] {
  return Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKey(key, known, where));
}

/** The sentence about one key that is not known. */
export function unknownKey(key: string, known: readonly string[], where: string): string {
  const meant = suggest(key, known);
  const hint = meant === undefined ? `known: ${known.join(", ") || "none"}` : `did you mean "${meant}"?`;
  return `${where}: unknown key ${JSON.stringify(key.slice(0, 80))} (${hint})`;
}

/** Throws INVALID_ARGUMENT with every problem at once; does nothing if there is none. */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new QueueError("INVALID_ARGUMENT", { what: problems.join("; ") });
}

/** What a value is, without showing it: for messages that must not carry data. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** True for a plain options object: no array, no null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
