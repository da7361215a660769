import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test, vi } from "vitest";
import { readFlags, refuseFlags } from "./read-flags.ts";
import { ROOT } from "./steps.ts";

const USAGE = "usage: pnpm it\n";

/** What a command writes before it ends, and its exit code. */
function endOf(act: () => unknown): readonly [unknown, string, string] {
  const written = { out: "", error: "" };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => ((written.out += String(text)), true)),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => ((written.error += String(text)), true)),
    vi.spyOn(process, "exit").mockImplementation((code) => {
      throw new Error("exit", { cause: code });
    }),
  ];
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  try {
    act();
  } catch (error) {
    return [error instanceof Error ? error.cause : error, written.out, written.error];
  }
  throw new Error("it went on");
}

function called(...args: string[]): object {
  return readFlags(USAGE, { only: { type: "string", default: "" }, ci: { type: "boolean" } }, args);
}

test("flags are read, a wrong one is told in a line with the usage, and help is the usage alone", () => {
  expect({ ...called("--only", "sqs", "--ci") }).toEqual({ only: "sqs", ci: true });
  expect(endOf(() => called("--nonsense"))).toEqual([
    2,
    "",
    expect.stringMatching(/^Unknown option '--nonsense'.*\nusage: pnpm it\n$/),
  ]);
  expect(endOf(() => called("--ci", "--help"))).toEqual([0, USAGE, ""]);
  expect(endOf(() => refuseFlags(USAGE, "no such cell"))).toEqual([2, "", `no such cell\n${USAGE}`]);
});

test("the benchmarks say how they are called", () => {
  const args = ["--conditions=@anyqueue/source", "bench/src/main.ts", "--rounds", "0"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^--rounds 0: expected a whole number above 0\nusage: pnpm bench /);
}, 60_000);
