import { readFileSync } from "node:fs";
import { PROBES, type ProbeResults } from "./run-probes.ts";

const DOCUMENT = new URL("../../../../../docs/reference/interop.md", import.meta.url);
const BEGIN = "<!-- probes:begin -->";
const END = "<!-- probes:end -->";
const YES = "yes";
const NO = "no";

/** `yes` or `no` for every claim, as recorded for one server in docs/reference/interop.md. */
export function recordedScores(server: string): Readonly<Record<string, string>> {
  const [header = [], , ...rows] = tableRows(readFileSync(DOCUMENT, "utf8"));
  const column = header.indexOf(server);
  if (column === -1) throw new Error(`${DOCUMENT.pathname} has no column ${server} in its table of probes`);
  return Object.fromEntries(rows.map((cells) => [cells[0] ?? "", cells[column] ?? ""]));
}

export function scoresOf(results: ProbeResults): Readonly<Record<string, string>> {
  return Object.fromEntries(PROBES.map(({ claim }) => [claim, results.get(claim) === undefined ? YES : NO]));
}

function tableRows(text: string): readonly (readonly string[])[] {
  const table = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END));
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}
