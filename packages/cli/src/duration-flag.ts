import { isQueueError, parseDuration, type Duration } from "@anyqueue/core";
import type { ParsedFlags } from "./parse-flags.ts";
import { UsageError } from "./usage-error.ts";

/** The value of a flag that takes a duration with its unit. */
export function durationFlag(command: string, flags: ParsedFlags, name: string): Duration | undefined {
  const given = flags.value(name);
  if (given === undefined) return undefined;
  try {
    return parseDuration(given);
  } catch (error) {
    if (!isQueueError(error)) throw error;
    throw new UsageError(`anyqueue ${command}: --${name} got "${given}". ${error.remedy}`);
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** For a duration that was already checked. */
export function durationMs(duration: string): number {
  const unit = /[a-z]+$/.exec(duration)?.[0] ?? "";
  return Number.parseFloat(duration) * (UNIT_MS[unit] ?? Number.NaN);
}

/** Like {@link durationFlag}, but in milliseconds and within bounds. */
export function durationMsFlag(
  command: string,
  flags: ParsedFlags,
  name: string,
  { min, max }: { readonly min: Duration; readonly max: Duration },
): number | undefined {
  const given = durationFlag(command, flags, name);
  if (given === undefined) return undefined;
  const ms = durationMs(given);
  if (ms >= durationMs(min) && ms <= durationMs(max)) return ms;
  throw new UsageError(`anyqueue ${command}: --${name} must be ${min} to ${max}, got "${given}".`);
}
