import { basename } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

/** A name that says nothing about the task attracts everything. */
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|managers?|.+-(utils?|helpers?|manager))$/u;
const UNFINISHED = /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/u;

describe("names", () => {
  test("every file is named for its task", () => {
    const badlyNamed = sourceFiles()
      .map((file) => file.path)
      .filter((path) => path.split("/").some((part) => EMPTY_NAMES.test(stem(part))));

    expect(badlyNamed).toEqual([]);
  });

  test("file names are in kebab-case", () => {
    const badlyNamed = sourceFiles()
      .map((file) => file.path)
      .filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*$/u.test(stem(basename(path))));

    expect(badlyNamed).toEqual([]);
  });

  test("unfinished work names its issue", () => {
    const unfinished = sourceFiles()
      .filter((file) => !file.path.startsWith("tooling/boundaries/"))
      .flatMap((file) =>
        file.syntax.text
          .split("\n")
          .flatMap((line, index) =>
            UNFINISHED.test(line) ? [`${file.path}:${index + 1} ${line.trim()}`] : [],
          ),
      );

    expect(unfinished).toEqual([]);
  });

  test.each(["utils.ts", "helpers", "string-utils.ts", "queue-manager.ts", "misc", "common.ts"])(
    "%s is refused",
    (name) => {
      expect(EMPTY_NAMES.test(stem(name))).toBe(true);
    },
  );
});

/** Returns `send-pipeline` for `send-pipeline.test.ts`. */
function stem(name: string): string {
  return name.split(".")[0] ?? "";
}
