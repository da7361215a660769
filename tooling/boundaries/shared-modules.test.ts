import { globSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { REPLACING } from "../../vitest.config.ts";
import { ROOT } from "../steps.ts";
import { place, sourceFiles, walk, type SourceFile } from "./source-files.ts";

const HOOKS = ["beforeAll", "beforeEach", "afterEach", "afterAll"];
const REPLACES = /\bvi\.(mock|doMock|resetModules)\(|\buseMajor\(/u;

describe("test files that share their modules", () => {
  test("get their hooks from themselves: a module that sets one up when it loads does so for one file alone", () => {
    const shared = sourceFiles().filter(({ path }) => !path.endsWith(".test.ts"));

    expect(shared.flatMap(hooksOnLoading)).toEqual([]);
  });

  test("replace no module, because the next file would meet what replaced it", () => {
    const alone = new Set(REPLACING.flatMap((pattern) => globSync(pattern, { cwd: ROOT })));
    const replacing = sourceFiles()
      .filter(
        ({ path, syntax }) =>
          path.endsWith(".test.ts") && !path.startsWith("tooling/") && REPLACES.test(syntax.text),
      )
      .map(({ path }) => path);

    expect(replacing.toSorted()).toEqual([...alone].toSorted());
  });
});

function hooksOnLoading(file: SourceFile): readonly string[] {
  const found: string[] = [];
  for (const statement of file.syntax.statements) {
    if (!ts.isExpressionStatement(statement)) continue;
    walk(statement, (node) => {
      if (ts.isCallExpression(node) && HOOKS.includes(node.expression.getText(file.syntax)))
        found.push(place(file, node));
    });
  }
  return found;
}
