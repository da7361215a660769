import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../src/run-cli.ts";
import { RecordingTerminal } from "./recording-terminal.ts";

const COMMANDS = ["up", "create", "send", "tail", "redrive", "invoke", "deploy-files"];
const REFERENCE = [
  join(import.meta.dirname, "../README.md"),
  join(import.meta.dirname, "../../../docs/guides/deployment.md"),
];

async function flagsOf(command: string): Promise<readonly string[]> {
  const terminal = new RecordingTerminal();
  expect(await runCli([command, "--help"], terminal)).toBe(0);
  const rows = terminal.printed.join("\n").matchAll(/^ {2}(--[a-z-]+)/gm);
  return [...rows].map(([, flag = ""]) => flag).filter((flag) => flag !== "--help");
}

/** The first cell of each table row. */
async function documented(): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(REFERENCE.map(async (path) => await readFile(path, "utf8")));
  const rows = texts.join("\n").matchAll(/^\| `(--[a-z-]+)/gm);
  return new Set([...rows].map(([, flag = ""]) => flag));
}

test("the reference has a row for every flag that a command's help shows, and for no other", async () => {
  const shown = new Set((await Promise.all(COMMANDS.map(flagsOf))).flat());
  expect(shown.size).toBeGreaterThan(30);
  expect([...(await documented())].toSorted()).toEqual([...shown].toSorted());
});
