import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { filesBelow } from "../files-below.ts";
import { ROOT } from "../steps.ts";

export interface CodeFence {
  /** The document's path from the repository's root, with forward slashes. */
  readonly document: string;
  /** Number of the first line of code, counted from 1. */
  readonly line: number;
  /** The words after `ts` on the opening line. */
  readonly info: string;
  readonly code: string;
}

const OPENING = /^(\s*)(`{3,})(?:ts|typescript)\b(.*)$/u;

/** The documents that readers may copy code from. */
export function documents(): readonly string[] {
  const inRoot = readdirSync(ROOT).filter((name) => name.endsWith(".md"));
  const below = ["docs", "packages", "examples", "bench"].flatMap((folder) =>
    markdownBelow(join(ROOT, folder)),
  );
  return [...inRoot, ...below.map((path) => relative(ROOT, path).split(sep).join("/"))];
}

export function readDocument(document: string): string {
  return readFileSync(join(ROOT, document), "utf8");
}

/** Every TypeScript fence of a document's text. */
export function codeFences(document: string, text: string): readonly CodeFence[] {
  const lines = text.split("\n");
  const fences: CodeFence[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent = "", ticks, info = ""] = OPENING.exec(lines[index] ?? "") ?? [];
    if (ticks === undefined) continue;
    const first = index + 1;
    index = endOfFence(lines, first, ticks);
    const code = lines.slice(first, index).map((line) => line.slice(indent.length));
    fences.push({ document, line: first + 1, info: info.trim(), code: code.join("\n") });
  }
  return fences;
}

function endOfFence(lines: readonly string[], first: number, ticks: string): number {
  const end = lines.findIndex((line, index) => index >= first && line.trim() === ticks);
  return end === -1 ? lines.length : end;
}

function markdownBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return filesBelow(folder).filter((path) => /(?<!\.api)\.md$/u.test(path));
}
