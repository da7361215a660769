import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { ROOT } from "../steps.ts";
import { codeLines, fileLines, functionSizes, median } from "./measure-code.ts";
import { productFiles, sourceFiles, type SourceFile } from "./source-files.ts";

interface Budgets {
  readonly maxFileLines: number;
  readonly maxFunctionLines: number;
  readonly maxMedianFunctionLines: Readonly<Record<string, number>>;
  readonly maxCodeLines: Readonly<Record<string, number>>;
  readonly exemptions: readonly Exemption[];
}

interface Exemption {
  /** A file, a file and a function as `path#name`, or a folder of `maxCodeLines`. */
  readonly of: string;
  readonly maxLines: number;
  readonly reason: string;
}

const budgets: Budgets = JSON.parse(readFileSync(join(ROOT, "tooling", "budgets.json"), "utf8"));

describe("budgets", () => {
  test("no file is longer than its budget", () => {
    const tooLong = sourceFiles()
      .map((file) => ({ what: file.path, lines: fileLines(file) }))
      .filter(({ what, lines }) => lines > limit(what, budgets.maxFileLines));

    expect(tooLong).toEqual([]);
  });

  test("no function outside test files is longer than its budget", () => {
    const tooLong = sourceFiles()
      .filter((file) => !isTestFile(file))
      .flatMap(functionsOf)
      .filter(({ what, lines }) => lines > limit(what, budgets.maxFunctionLines));

    expect(tooLong).toEqual([]);
  });

  test.each(Object.entries(budgets.maxMedianFunctionLines))(
    "the median function of %s has at most %i lines",
    (folder, most) => {
      const lengths = productFiles(folder)
        .flatMap(functionsOf)
        .map(({ lines }) => lines);

      expect(median(lengths)).toBeLessThanOrEqual(most);
    },
  );

  test.each(Object.entries(budgets.maxCodeLines))("%s has at most %i lines of code", (folder, most) => {
    expect(totalCodeLines(folder)).toBeGreaterThan(0);
    expect(totalCodeLines(folder)).toBeLessThanOrEqual(limit(folder, most));
  });

  test("every exemption has a reason and is still needed", () => {
    const sizes = new Map([
      ...Object.keys(budgets.maxCodeLines).map((folder): [string, number] => [
        folder,
        totalCodeLines(folder),
      ]),
      ...sourceFiles().map((file): [string, number] => [file.path, fileLines(file)]),
      ...sourceFiles()
        .flatMap(functionsOf)
        .map(({ what, lines }): [string, number] => [what, lines]),
    ]);
    const idle = budgets.exemptions.filter(({ of, reason }) => {
      const usual =
        budgets.maxCodeLines[of] ?? (of.includes("#") ? budgets.maxFunctionLines : budgets.maxFileLines);
      return reason.length < 20 || (sizes.get(of) ?? 0) <= usual;
    });

    expect(idle).toEqual([]);
  });
});

describe("measuring", () => {
  test("counts neither blank lines nor comments as code", () => {
    const code = [
      "/** Doc. */",
      "export const a = [",
      "  1, // one",
      "",
      "  /* two */ 2,",
      "];",
      "// end",
    ].join("\n");

    expect(codeLines(parsed(code))).toBe(4);
  });

  test("counts every line of a template literal", () => {
    expect(codeLines(parsed("const a = `x\n\ny`;"))).toBe(3);
  });

  test("measures a function from its first token to its closing brace", () => {
    const code = "/** Doc. */\nfunction a(): void {\n  b();\n}\nconst c = () => {\n};";

    expect(functionSizes(parsed(code))).toEqual([
      { name: "a", line: 2, lines: 3 },
      { name: "c", line: 5, lines: 2 },
    ]);
  });
});

function limit(what: string, usual: number): number {
  return budgets.exemptions.find(({ of }) => of === what)?.maxLines ?? usual;
}

function totalCodeLines(folder: string): number {
  return productFiles(folder).reduce((sum, file) => sum + codeLines(file), 0);
}

function functionsOf(file: SourceFile): { what: string; lines: number }[] {
  return functionSizes(file).map(({ name, lines }) => ({ what: `${file.path}#${name}`, lines }));
}

/** Test files are exempt: a `describe` block is a function to the compiler, but a chapter to its reader. */
function isTestFile(file: SourceFile): boolean {
  return file.isTest;
}

function parsed(code: string): SourceFile {
  return {
    path: "a.ts",
    isTest: false,
    syntax: ts.createSourceFile("a.ts", code, ts.ScriptTarget.Latest, true),
  };
}
