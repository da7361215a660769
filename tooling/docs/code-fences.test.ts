import { describe, expect, test } from "vitest";
import { codeFences, documents, readDocument } from "./code-fences.ts";
import { compileFences } from "./compile-fences.ts";
import { docstringExamples, examplesIn } from "./docstring-examples.ts";

const fences = documents().flatMap((document) => codeFences(document, readDocument(document)));
const compiledFences = fences.filter((fence) => !fence.info.startsWith("no-check"));

describe("code in the documents", () => {
  const compiled = compileFences(compiledFences);
  for (const { fence, problems } of compiled) {
    test(`${fence.document}:${fence.line} compiles`, () => {
      expect(problems).toEqual([]);
    });
  }

  test("an excerpt that is not compiled says why", () => {
    const silent = fences
      .filter((fence) => fence.info.startsWith("no-check") && !/^no-check: .{10,}/u.test(fence.info))
      .map((fence) => `${fence.document}:${fence.line}`);

    expect(silent).toEqual([]);
  });
});

describe("examples in documentation comments", () => {
  for (const { fence, problems } of compileFences(docstringExamples())) {
    test(`${fence.document}:${fence.line} compiles`, () => {
      expect(problems).toEqual([]);
    });
  }

  test("a mistake is told with its line", () => {
    const text =
      "/**\n * Says it.\n *\n * @example\n * const a = orders;\n * a.b;\n *\n * @throws never\n */\n";

    expect(compileFences(examplesIn("a.ts", text)).flatMap(({ problems }) => problems)).toEqual([
      expect.stringMatching(/^a\.ts:6 .*'b' does not exist/u),
    ]);
  });
});

describe("compiling fences", () => {
  test("names the line in the document", () => {
    const text = "# Title\n\n```ts\nconst a = 1;\nconst b: string = a;\n```\n";

    expect(compileFences(codeFences("a.md", text))).toEqual([
      expect.objectContaining({ problems: [expect.stringMatching(/^a\.md:5 .*not assignable/u)] }),
    ]);
  });

  test("a fence that continues sees the declarations before it", () => {
    const text = "```ts\nconst a = 1;\n```\n\n```ts continues\nexport const b: number = a;\n```\n";

    expect(compileFences(codeFences("a.md", text)).flatMap(({ problems }) => problems)).toEqual([]);
  });

  test("a fence that does not continue starts afresh", () => {
    const text = "```ts\nconst a = 1;\n```\n\n```ts\nexport const b: number = a;\n```\n";

    expect(compileFences(codeFences("a.md", text)).flatMap(({ problems }) => problems)).toEqual([
      expect.stringContaining("a.md:6"),
    ]);
  });

  test("an import that no package offers is a mistake", () => {
    const text = '```ts\nimport { a } from "@anyqueue/core/nothing";\nexport const b = a;\n```\n';

    expect(compileFences(codeFences("a.md", text))[0]?.problems).toHaveLength(1);
  });
});
