import type { ParsedFlags } from "./parse-flags.ts";
import { UsageError } from "./usage-error.ts";

/** The value of a flag that is a whole number from `min` to `max`. */
export function wholeNumberFlag(
  command: string,
  flags: ParsedFlags,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = flags.value(name);
  if (text === undefined) return undefined;
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `anyqueue ${command}: --${name} must be a whole number from ${min} to ${max}, got "${text}".`,
  );
}
