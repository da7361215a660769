import { QueueError } from "../errors/queue-error.ts";

/**
 * A length of time with its unit: `"500ms"`, `"30s"`, `"1.5m"`, `"2h"`, `"7d"`. Not negative; rounded to
 * whole milliseconds.
 */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Makes a duration from text that is known only at run time, such as a setting.
 *
 * @example
 * const lease = parseDuration(process.env["LEASE"] ?? "60s");
 *
 * @throws INVALID_ARGUMENT unless it is a number of at least 0, followed by `ms`, `s`, `m`, `h` or `d`
 */
export function parseDuration(text: string): Duration {
  durationToMs(text);
  return text as Duration; // checked in the line above
}

/** Returns whole milliseconds. `field` is named in the error. @throws INVALID_ARGUMENT if it is invalid */
export function durationToMs(duration: string, field = "duration"): number {
  const ms = msOf(duration);
  if (ms !== undefined) return ms;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `${field}: expected a duration, got ${describe(duration)}`,
    remedy: 'Write a number and its unit: "500ms", "30s", "5m", "2h", "7d".',
  });
}

/** Returns whole milliseconds, or undefined for what is no duration. */
export function msOf(duration: unknown): number | undefined {
  const [, count, unit = ""] = (typeof duration === "string" && PATTERN.exec(duration)) || [];
  const ms = Math.round(Number(count) * (UNIT_MS[unit] ?? 1));
  return Number.isFinite(ms) ? ms : undefined;
}

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : `${typeof value} ${String(value)}`;
}
