import ts from "typescript";
import { place, walk, type SourceFile } from "./source-files.ts";

const TIMER_NAMES = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
]);
const TIME_READS = new Set(["Date.now", "performance.now", "process.hrtime", "AbortSignal.timeout"]);

/** Places that read the time or set a timer without a `Clock`. */
export function timeViolations(file: SourceFile): readonly string[] {
  return placesWhere(file, (node) => {
    if (ts.isIdentifier(node) && TIMER_NAMES.has(node.text)) return !isMemberName(node);
    if (ts.isPropertyAccessExpression(node)) return TIME_READS.has(node.getText(file.syntax));
    if (ts.isStringLiteral(node)) return /^node:(timers|perf_hooks)/u.test(node.text);
    return isCurrentDate(node);
  });
}

/** Places that read the environment. */
export function environmentViolations(file: SourceFile): readonly string[] {
  return placesWhere(file, (node) => {
    if (ts.isStringLiteral(node)) return node.text === "node:process";
    return ts.isPropertyAccessExpression(node) && node.getText(file.syntax) === "process.env";
  });
}

/** Calls of the console. */
export function consoleViolations(file: SourceFile): readonly string[] {
  return placesWhere(
    file,
    (node) => ts.isPropertyAccessExpression(node) && node.expression.getText(file.syntax) === "console",
  );
}

/** Members that are not private at run time: `private`, `protected` and leading underscores. */
export function visibilityViolations(file: SourceFile): readonly string[] {
  return placesWhere(file, (node) => {
    if (node.kind === ts.SyntaxKind.PrivateKeyword || node.kind === ts.SyntaxKind.ProtectedKeyword)
      return true;
    return (
      ts.isClassElement(node) && node.name !== undefined && node.name.getText(file.syntax).startsWith("_")
    );
  });
}

function placesWhere(file: SourceFile, isViolation: (node: ts.Node) => boolean): readonly string[] {
  const found: string[] = [];
  walk(file.syntax, (node) => {
    if (isViolation(node)) found.push(`${place(file, node)} ${node.getText(file.syntax).slice(0, 60)}`);
  });
  return found;
}

/** `clock.setTimeout(…)` and `{ setTimeout() {} }` name a member, not the global. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.name === node && parent.expression.getText() !== "globalThis";
  }
  return (
    (ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent)) &&
    parent.name === node
  );
}

/** `new Date()` without arguments, and `Date()`. */
function isCurrentDate(node: ts.Node): boolean {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false;
  return node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0;
}
