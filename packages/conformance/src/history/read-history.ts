import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventProblem, type HistoryEvent } from "./history-event.ts";

/** A line of a history that cannot be read. */
export class HistoryError extends Error {
  /** `"HistoryError"`. */
  override readonly name = "HistoryError";
}

/**
 * Every event of the processes that wrote to `folder`, in chronological order.
 * Ignores a last line that is incomplete because its process died.
 * @throws HistoryError, with file and line, for any other line that is not an event
 */
export function readHistory(folder: string): readonly HistoryEvent[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  if (files.length === 0) throw new HistoryError(`${folder} has no history: no file ends in .jsonl`);
  return files
    .flatMap((name) => parseHistory(readFileSync(join(folder, name), "utf8"), name))
    .toSorted(byTime);
}

/** The events in the text of one file. */
function parseHistory(text: string, name: string): readonly HistoryEvent[] {
  const lines = text.split("\n");
  // The text after the last line break is empty, or was being written when the process died.
  lines.pop();
  return lines.map((line, index) => parseLine(line, `${name}:${index + 1}`));
}

/** Compares events by time; a stable sort keeps the given order at equal times. */
export function byTime(a: HistoryEvent, b: HistoryEvent): number {
  return a.t - b.t;
}

function parseLine(line: string, place: string): HistoryEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new HistoryError(`${place} is not JSON`, { cause: error });
  }
  const problem = eventProblem(value);
  if (problem !== undefined) throw new HistoryError(`${place} is no event of a history: ${problem}`);
  return value as HistoryEvent;
}
