import { readFileSync } from "node:fs";
import type { HistoryPromises } from "./invariant.ts";
import { HistoryError } from "./read-history.ts";

/** In a history's folder: what its run was promised, unless stated otherwise. */
export const PROMISES_FILE = "promises.json";

const KINDS: Readonly<Record<keyof HistoryPromises, "boolean" | "number" | "string" | "object">> = {
  ordered: "boolean",
  deliveryCount: "string",
  lateAcks: "boolean",
  redeliversFollowers: "boolean",
  anomalyRate: "number",
  slackMs: "number",
  abortWithinMs: "number",
  attempts: "number",
  concurrency: "number",
  prefetch: "number",
  recoveryMs: "number",
  promptMs: "number",
  rateLimit: "object",
  drainMs: "number",
  finishes: "boolean",
  callsPerMessage: "object",
  emptyAsksPerMinute: "number",
  renewEveryMs: "number",
  emptyPolls: "number",
};
const COUNTS: ReadonlySet<unknown> = new Set(["none", "perConsumer", "approximate", "exact"]);

/**
 * Reads promises for `checkHistory` from a JSON file.
 * @throws HistoryError for an unknown member, which would otherwise leave a history unjudged silently
 */
export function readPromises(path: string): Partial<HistoryPromises> {
  const value = parse(path);
  if (typeof value !== "object" || value === null) throw new HistoryError(`${path} is not a JSON object`);
  for (const [name, member] of Object.entries(value)) {
    const kind = Object.entries(KINDS).find(([known]) => known === name)?.[1];
    const known = Object.keys(KINDS).join(", ");
    if (kind === undefined) throw new HistoryError(`${path}: ${name} is no promise. Known: ${known}`);
    if (typeof member !== kind || member === null)
      throw new HistoryError(`${path}: ${name} must be a ${kind}`);
  }
  if ("deliveryCount" in value && !COUNTS.has(value.deliveryCount))
    throw new HistoryError(`${path}: deliveryCount must be one of ${[...COUNTS].join(", ")}`);
  return value;
}

function parse(path: string): unknown {
  const text = readFileSync(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HistoryError(`${path} is not JSON`, { cause: error });
  }
}
