import ts from "typescript";
import { lineOf, walk, type SourceFile } from "./source-files.ts";

export interface FunctionSize {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
  readonly lines: number;
}

/** The number of lines that carry at least one token, so neither blank lines nor comment lines. */
export function codeLines(file: SourceFile): number {
  const known = counted.get(file) ?? countCodeLines(file);
  counted.set(file, known);
  return known;
}

const counted = new WeakMap<SourceFile, number>();

function countCodeLines(file: SourceFile): number {
  const lines = new Set<number>();
  visitTokens(file.syntax, file.syntax, (token) => {
    const last = lineOf(file, token.getEnd());
    for (let line = lineOf(file, token.getStart(file.syntax)); line <= last; line += 1) lines.add(line);
  });
  return lines.size;
}

/** The number of lines of a file, as an editor counts them. */
export function fileLines(file: SourceFile): number {
  return file.syntax.getText().replace(/\n$/u, "").split("\n").length;
}

/** The size of every function of a file that has a body, from its first token to its closing brace. */
export function functionSizes(file: SourceFile): readonly FunctionSize[] {
  const sizes: FunctionSize[] = [];
  walk(file.syntax, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return;
    const first = lineOf(file, node.getStart(file.syntax));
    sizes.push({ name: nameOf(node), line: first + 1, lines: lineOf(file, node.getEnd()) - first + 1 });
  });
  return sizes;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function visitTokens(syntax: ts.SourceFile, node: ts.Node, visit: (token: ts.Node) => void): void {
  if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
  const children = node.getChildren(syntax);
  if (children.length === 0 && node.getWidth(syntax) > 0) visit(node);
  for (const child of children) visitTokens(syntax, child, visit);
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return named?.getText() ?? "(anonymous)";
}
