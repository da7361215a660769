import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { ROOT } from "../steps.ts";
import { IMPORT_RULES } from "./import-rules.ts";
import { importViolations } from "./imports.ts";
import { productFiles, type SourceFile } from "./source-files.ts";

describe("imports", () => {
  for (const rule of IMPORT_RULES) {
    test(`${rule.folder} imports only what its row allows`, () => {
      const files = productFiles(rule.folder);

      expect(files.length).toBeGreaterThan(0);
      expect(files.flatMap((file) => importViolations(file, rule))).toEqual([]);
    });
  }

  test("every package has a row", () => {
    const folders = readdirSync(join(ROOT, "packages")).filter((name) =>
      existsSync(join(ROOT, "packages", name, "package.json")),
    );

    expect(IMPORT_RULES.map((rule) => rule.folder).toSorted()).toEqual(
      folders.map((name) => `packages/${name}/src`).toSorted(),
    );
  });

  test("core has no runtime dependency of any kind", () => {
    const manifest: object = JSON.parse(readFileSync(join(ROOT, "packages/core/package.json"), "utf8"));

    expect(Object.keys(manifest).filter((key) => /^(peerD|optionalD|d)ependencies$/u.test(key))).toEqual([]);
  });

  test.each([
    ['import "lodash";', "imports lodash"],
    ['export * from "../../sqs/src/index.ts";', "reaches out of its package"],
    ['import { a } from "./a.test.ts";', "imports the test file"],
    ["await import(name);", "imports a computed name"],
    ['const a = require("lodash");', "imports lodash"],
    ['type A = import("lodash").A;', "imports lodash"],
    ['import { a } from "@anyqueue/memory";', "imports @anyqueue/memory"],
  ])("the rule of core refuses %s", (code, problem) => {
    const rule = { folder: "packages/core/src", mayImport: [] };

    expect(importViolations(parsed("packages/core/src/a.ts", code), rule)).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  test("a package that may only be loaded on demand cannot be imported up front", () => {
    const rule = { folder: "packages/cli/src", mayImport: [], mayLoad: ["@anyqueue/sqs"] };

    expect(importViolations(parsed("packages/cli/src/a.ts", 'await import("@anyqueue/sqs");'), rule)).toEqual(
      [],
    );
    expect(importViolations(parsed("packages/cli/src/a.ts", 'import "@anyqueue/sqs";'), rule)).toHaveLength(
      1,
    );
    expect(
      importViolations(parsed("packages/cli/src/a.ts", 'import type { A } from "@anyqueue/sqs";'), rule),
    ).toEqual([]);
  });
});

function parsed(path: string, code: string): SourceFile {
  return { path, isTest: false, syntax: ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true) };
}
