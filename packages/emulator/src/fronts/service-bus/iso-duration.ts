import { FOREVER_MS } from "./engine/entity-settings.ts";

// The service's duration for "never", the longest that it can express (2^63 - 1 ticks of 100 ns).
const FOREVER = "P10675199DT2H48M5.4775807S";
const LONGEST_MS = 922_337_203_685_477;

const DURATION =
  /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/u;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
// Lengths as in .NET's XmlConvert: https://learn.microsoft.com/dotnet/api/system.xml.xmlconvert.totimespan (2026-11-29)
const MONTH_MS = 30 * DAY_MS;
const YEAR_MS = 365 * DAY_MS;
const UNITS_MS = [YEAR_MS, MONTH_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS];

/** Converts an ISO 8601 duration to milliseconds. Returns undefined if the text is not one. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null || text.endsWith("P")) return undefined;
  const [, sign, ...amounts] = match;
  const ms = UNITS_MS.reduce((sum, unitMs, index) => sum + Number(amounts[index] ?? 0) * unitMs, 0);
  if (ms >= LONGEST_MS) return FOREVER_MS;
  return sign === "-" ? -ms : Math.round(ms * 10_000) / 10_000;
}

/** Writes the shortest form, as the service does: `PT1M`, `P14DT2H`. */
export function formatDuration(ms: number): string {
  if (ms >= LONGEST_MS) return FOREVER;
  const days = Math.floor(ms / DAY_MS);
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const seconds = (ms % MINUTE_MS) / SECOND_MS;
  const date = days === 0 ? "" : `${days}D`;
  const time = `${part(hours, "H")}${part(minutes, "M")}${part(seconds, "S")}`;
  if (time !== "") return `P${date}T${time}`;
  return date === "" ? "PT0S" : `P${date}`;
}

function part(amount: number, unit: string): string {
  return amount === 0 ? "" : `${Number(amount.toFixed(7))}${unit}`;
}
