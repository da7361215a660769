/** `P10675199DT2H48M5.4775807S` is the service's "for ever". */
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const FOREVER_DAYS = 10_675_199;

/** Milliseconds of an ISO 8601 duration; undefined if it is not one, or is "for ever". */
export function durationMs(text: string | undefined): number | undefined {
  const [matched, days = "0", hours = "0", minutes = "0", seconds = "0"] = DURATION.exec(text ?? "") ?? [];
  if (matched === undefined || Number(days) >= FOREVER_DAYS) return undefined;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000;
}

/** Rounds up to whole milliseconds. */
export function isoDuration(ms: number): string {
  return `PT${Math.ceil(ms) / 1_000}S`;
}
