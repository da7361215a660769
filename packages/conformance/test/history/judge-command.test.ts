import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkHistory } from "../../src/history/check-history.ts";
import type { HistoryEvent } from "../../src/history/history-event.ts";
import { judgeCommand } from "../../src/history/judge-command.ts";
import { history } from "./history-builder.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anyqueue-judge-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function keep(events: readonly HistoryEvent[]): void {
  writeFileSync(join(folder, "all.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

function keepPromises(promises: unknown, name = "promises.json"): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(promises));
  return path;
}

function judge(...args: readonly string[]): { code: number; out: string; error: string } {
  const written = { out: "", error: "" };
  const code = judgeCommand(args, {
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
  });
  return { code, ...written };
}

test("--help prints how it is called, and that is no mistake", () => {
  expect(judge("--help")).toMatchObject({ code: 0, out: expect.stringContaining("usage: "), error: "" });
  expect(judge("--jsno").error).toContain("usage: ");
});

const SOUND = history().send("m").handle("m", "t1").drained();
const LOSS = history().send("m").send("lost").handle("m", "t1").drained();
const key = "k";
const SWAPPED = history()
  .send("m1", "ok", { key, kseq: 1 })
  .send("m2", "ok", { key, kseq: 2 })
  .handle("m2", "t2")
  .handle("m1", "t1")
  .drained();

test("a history that holds is a pass, and ends well", () => {
  keep(SOUND);
  const { code, out } = judge(folder);
  expect(code).toBe(0);
  expect(out).toContain("pass\nmessages 1, confirmed 1, acked 1, ");
});

test("one that does not hold shows the invariant and the smallest counter-example", () => {
  keep(LOSS);
  const { code, out } = judge(folder);
  expect(code).toBe(1);
  const [verdict, , , ...rest] = out.trimEnd().split("\n");
  expect(verdict).toBe("fail");
  expect(rest[0]).toContain("I-1 every confirmed message is delivered");
  expect(rest[1]).toContain("lost the confirmed message was never delivered");
  expect(rest.slice(2).map((line) => line.trim().split(" ").slice(0, 3).join(" "))).toEqual([
    "3.000 sender send.invoke",
    "4.000 sender send.ok",
  ]);
});

test("a history that proves nothing is unknown, which does not end well", () => {
  keep(history().send("m").events);
  const { code, out } = judge(folder);
  expect([code, out.split("\n")[0]]).toEqual([1, "unknown"]);
});

test("--json is the whole verdict", () => {
  keep(LOSS);
  expect(JSON.parse(judge(folder, "--json").out)).toEqual(JSON.parse(JSON.stringify(checkHistory(LOSS))));
});

test("the promises beside the history count, and --promises instead of them", () => {
  keep(SWAPPED);
  expect(judge(folder).code).toBe(0);
  keepPromises({ ordered: true });
  expect(judge(folder).out).toContain("I-9 fail");
  expect(judge(folder, "--promises", keepPromises({ ordered: false }, "other.json")).code).toBe(0);
});

test.each([
  [{ order: true }, "order is no promise. Known: ordered, "],
  [{ ordered: "yes" }, "ordered must be a boolean"],
  [{ deliveryCount: "roughly" }, "deliveryCount must be one of none, perConsumer, approximate, exact"],
  [null, "is not a JSON object"],
])("promises of %j are refused", (promises, message) => {
  keep(SOUND);
  keepPromises(promises);
  const { code, error } = judge(folder);
  expect([code, error]).toEqual([2, expect.stringContaining(message)]);
});

test.each([
  [[], "usage: "],
  [["one", "two"], "usage: "],
  [["folder", "--jason"], "Unknown option '--jason'"],
  [["no-such-folder"], "no such file or directory"],
])("%j has nothing to judge", (args, message) => {
  const { code, out, error } = judge(...args);
  expect([code, out, error]).toEqual([2, "", expect.stringContaining(message)]);
});

test("it is a program", () => {
  keep(SOUND);
  const program = join(import.meta.dirname, "..", "..", "src", "judge.ts");
  const flags = ["--conditions=@anyqueue/source", program, folder];
  expect(execFileSync(process.execPath, flags, { encoding: "utf8" })).toMatch(/^pass\n/u);
});
