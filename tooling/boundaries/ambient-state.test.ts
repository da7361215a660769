import ts from "typescript";
import { describe, expect, test } from "vitest";
import {
  consoleViolations,
  environmentViolations,
  timeViolations,
  visibilityViolations,
} from "./ambient-state.ts";
import { isAutomatic } from "./imports.ts";
import { productFiles, type SourceFile } from "./source-files.ts";

const LIBRARY_FOLDERS = ["core", "memory", "sqs", "service-bus", "pubsub", "conformance"].map(
  (name) => `packages/${name}/src`,
);

/** The only files that may use real time. */
const CLOCK_FILES = [
  "packages/core/src/time/clock.ts",
  // Lets the event loop turn between two virtual moments, so that real I/O can answer.
  "packages/core/src/time/virtual-clock.ts",
  // Needs the next turn of the event loop, not a time: a timer would cost 1 ms per settlement.
  "packages/service-bus/src/next-turn.ts",
  // Waits in real time for harnesses whose broker has no virtual clock.
  "packages/conformance/src/bench-time.ts",
  // Histories of several processes need a clock that the processes share.
  "packages/conformance/src/history/history-time.ts",
];

/** The only files that may read the environment. */
const NAMES_VARIABLES = [
  // An error's text names a variable that is set. Nothing else depends on it.
  "packages/core/src/errors/connection-remedy.ts",
  // Refuses a connection if the variables that the SDK reads would make it leave something out.
  "packages/pubsub/src/client-certificate.ts",
];

const libraryFiles = LIBRARY_FOLDERS.flatMap((folder) => productFiles(folder));

describe("the library packages", () => {
  test("take their time from the clock and set timers nowhere else", () => {
    const files = libraryFiles.filter((file) => !CLOCK_FILES.includes(file.path));

    expect(files.flatMap(timeViolations)).toEqual([]);
  });

  test("need every exception that they have", () => {
    const idle = libraryFiles.filter(
      (file) => CLOCK_FILES.includes(file.path) && timeViolations(file).length === 0,
    );

    expect(idle.map((file) => file.path)).toEqual([]);
  });

  test("read the environment in core/auto, for the text of an error, and for what the SDK reads there", () => {
    const files = libraryFiles.filter(
      (file) => !isAutomatic(file.path) && !NAMES_VARIABLES.includes(file.path),
    );

    expect(files.flatMap(environmentViolations)).toEqual([]);
  });

  test("never write to the console", () => {
    const files = [...libraryFiles, ...productFiles("packages/emulator/src")];

    expect(files.flatMap(consoleViolations)).toEqual([]);
  });

  test("hide members with #private names", () => {
    expect(productFiles("packages").flatMap(visibilityViolations)).toEqual([]);
  });
});

describe("the checks themselves", () => {
  test.each([
    "setTimeout(run, 5);",
    "globalThis.setTimeout(run, 5);",
    "const wait = setTimeout;",
    "const at = Date.now();",
    "const at = new Date();",
    "const at = performance.now();",
    "const signal = AbortSignal.timeout(5);",
    'import { setTimeout as sleep } from "node:timers/promises";',
  ])("see time in %s", (code) => {
    expect(timeViolations(parsed(code))).not.toEqual([]);
  });

  test.each(["clock.setTimeout(run, 5);", "new Date(at);", "interface Clock { setTimeout(): void }"])(
    "leave %s alone",
    (code) => {
      expect(timeViolations(parsed(code))).toEqual([]);
    },
  );

  test.each([
    "const url = process.env.URL;",
    "const { URL } = process.env;",
    'import { env } from "node:process";',
  ])("see the environment in %s", (code) => {
    expect(environmentViolations(parsed(code))).not.toEqual([]);
  });

  test.each(["class A { private a = 1; }", "class A { _a = 1; }", "class A { protected a(): void {} }"])(
    "see an open member in %s",
    (code) => {
      expect(visibilityViolations(parsed(code))).toHaveLength(1);
    },
  );
});

function parsed(code: string): SourceFile {
  return {
    path: "a.ts",
    isTest: false,
    syntax: ts.createSourceFile("a.ts", code, ts.ScriptTarget.Latest, true),
  };
}
