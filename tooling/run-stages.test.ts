import { expect, test } from "vitest";
import { filterStages, runStages, type Stage } from "./run-stages.ts";
import type { Step } from "./steps.ts";

function step(name: string, program: string): Step {
  return { name, command: ["node", "--eval", program], fix: `mend ${name}` };
}

const says = (name: string): Step => step(name, `console.log("${name} said")`);
const fails = (name: string): Step => step(name, `console.log("${name} said"); process.exitCode = 1`);

async function logOf(stages: readonly Stage[]) {
  let log = "";
  const isPassed = await runStages(stages, {
    write: (text) => {
      log += text;
    },
    onLastStage: (times) => {
      log += `before the last: ${times.map((line) => line.split(" ")[0]).join(", ")}\n`;
    },
  });
  return { isPassed, lines: log.split("\n").filter((line) => line !== "") };
}

test("steps side by side are whole in the log, each below its own head", async () => {
  const twice = (name: string): Step =>
    step(name, `console.log("${name} 1"); setImmediate(() => console.error("${name} 2"))`);
  const { isPassed, lines } = await logOf([[[twice("a")], [twice("b")]]]);
  expect(isPassed).toBe(true);
  expect(lines[1]).toBe("=== side by side: a; b");
  for (const name of ["a", "b"]) {
    const at = lines.findIndex((line) => line.startsWith(`=== ${name}: node --eval`));
    expect(lines.slice(at + 1, at + 3)).toEqual([`${name} 1`, `${name} 2`]);
  }
});

test("a lane has one step at a time, and a stage begins after the one before it", async () => {
  const { lines } = await logOf([
    [[says("a"), says("b")], [says("c")]],
    [[says("d")], [says("e")]],
  ]);
  const order = lines.filter((line) => line.endsWith(" said"));
  expect(order.toSorted()).toEqual(["a said", "b said", "c said", "d said", "e said"]);
  expect(order.indexOf("a said")).toBeLessThan(order.indexOf("b said"));
  expect(order.slice(3).toSorted()).toEqual(["d said", "e said"]);
  expect(lines.find((line) => line.startsWith("before the last: "))).toMatch(/: (?:a|c), .*b/);
});

test("a failure is named with its remedy, and nothing begins after it", async () => {
  const slow = step("slow", `setTimeout(() => console.log("slow said"), 200)`);
  const { isPassed, lines } = await logOf([[[fails("bad"), says("never")], [slow]], [[says("never")]]]);
  expect(isPassed).toBe(false);
  expect(lines).toContainEqual(expect.stringMatching(/^step "bad" failed after .* s; to mend it: mend bad$/));
  expect(lines).toContain("slow said");
  expect(lines).not.toContain("never said");
});

test("the log closes with the end of what failed, after steps that ran on beside it", async () => {
  const bad = step(
    "bad",
    `for (let line = 1; line <= 500; line++) console.log("line " + line); process.exitCode = 1`,
  );
  const slow = step("slow", `setTimeout(() => console.log("slow said"), 200)`);
  const { lines } = await logOf([[[bad], [slow]], [[says("never")]]]);
  expect(lines.at(-1)).toMatch(/^step "bad" failed after .* s; to mend it: mend bad$/);
  expect(lines.at(-2)).toBe("line 500");
  expect(lines.filter((line) => line === "line 500")).toHaveLength(2);
  expect(lines.filter((line) => line === "line 1")).toHaveLength(1);
  expect(lines.lastIndexOf('=== once more, the end of what "bad" wrote')).toBeGreaterThan(
    lines.indexOf("slow said"),
  );
});

test("some of the steps keep their stages and lanes, without those that are empty", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map(says);
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four");
  const stages: readonly Stage[] = [[[a, b], [c]], [[d]]];
  expect(filterStages(stages, ({ name }) => name === "b")).toEqual([[[b]]]);
  expect(filterStages(stages, ({ name }) => name !== "b")).toEqual([[[a], [c]], [[d]]]);
});
