import { dirname, join } from "node:path/posix";
import ts from "typescript";
import type { ImportRule } from "./import-rules.ts";
import { place, walk, type SourceFile } from "./source-files.ts";

interface Import {
  readonly node: ts.Node;
  /** Undefined if the argument of `import()` is computed. */
  readonly specifier: string | undefined;
  /** Loads nothing when its module loads: `import()`, `require()`, or a type-only import. */
  readonly isDeferred: boolean;
}

/** Every `import`, `export … from`, `import()`, `require()` and `import("…")` type of a file. */
function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = [];
  walk(file.syntax, (node) => {
    const specifier = specifierNode(node);
    if (specifier === undefined) return;
    const isTypeAlone =
      ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    found.push({
      node,
      specifier: ts.isStringLiteralLike(specifier) ? specifier.text : undefined,
      isDeferred: isTypeAlone || ts.isCallExpression(node),
    });
  });
  return found;
}

/** One sentence for each import of a file that breaks the rule of its folder. */
export function importViolations(file: SourceFile, rule: ImportRule): readonly string[] {
  return importsOf(file).flatMap((found) => {
    const problem = violation(file, rule, found);
    return problem === undefined ? [] : [`${place(file, found.node)} ${problem}`];
  });
}

function violation(
  file: SourceFile,
  rule: ImportRule,
  { specifier, isDeferred }: Import,
): string | undefined {
  if (specifier === undefined) {
    const isFree = isAutomatic(file.path) || rule.mayCompute?.includes(file.path) === true;
    return isFree ? undefined : "imports a computed name, which only core/src/auto may";
  }
  if (specifier.startsWith("node:")) return undefined;
  if (specifier.startsWith(".")) return relativeViolation(file, rule, specifier);
  if (rule.mayImport.includes(specifier)) return undefined;
  if (isDeferred && rule.mayLoad?.includes(specifier) === true) return undefined;
  return `imports ${specifier}, which ${rule.folder} may not`;
}

function relativeViolation(file: SourceFile, rule: ImportRule, specifier: string): string | undefined {
  const target = join(dirname(file.path), specifier);
  if (!target.startsWith(`${rule.folder}/`)) return `reaches out of its package to ${target}`;
  if (/\.test(-d)?\.ts$/u.test(target)) return `imports the test file ${target}`;
  return undefined;
}

/** `connect()` imports the package that a URL's scheme names. No other library file may compute an import. */
export function isAutomatic(path: string): boolean {
  return path === "packages/core/src/auto.ts" || path.startsWith("packages/core/src/auto/");
}

function specifierNode(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require";
  return isImport || isRequire ? node.arguments[0] : undefined;
}
