import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";
import { filesBelow } from "../files-below.ts";
import { ROOT } from "../steps.ts";

export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly isTest: boolean;
  readonly syntax: ts.SourceFile;
}

const CODE_FOLDERS = ["packages", "examples", "bench", "tooling"];

let all: readonly SourceFile[] | undefined;

/** Every TypeScript and JavaScript file of the repository, parsed once. */
export function sourceFiles(): readonly SourceFile[] {
  all ??= CODE_FOLDERS.flatMap((folder) => filesBelow(join(ROOT, folder)))
    .filter((path) => /\.(ts|mjs)$/u.test(path))
    .map(parse);
  return all;
}

/** The files of one folder that are published, so no tests. */
export function productFiles(folder: string): readonly SourceFile[] {
  return sourceFiles().filter((file) => file.path.startsWith(`${folder}/`) && !file.isTest);
}

/** Calls `visit` for every node of a file, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** `path:line` of a node, for messages that an editor can follow. */
export function place(file: SourceFile, node: ts.Node): string {
  return `${file.path}:${lineOf(file, node.getStart(file.syntax)) + 1}`;
}

export function lineOf(file: SourceFile, position: number): number {
  return file.syntax.getLineAndCharacterOfPosition(position).line;
}

function parse(path: string): SourceFile {
  const name = relative(ROOT, path).split(sep).join("/");
  return {
    path: name,
    isTest: /\.(test|test-d)\.ts$/u.test(name) || name.includes("/test/"),
    syntax: ts.createSourceFile(name, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true),
  };
}
