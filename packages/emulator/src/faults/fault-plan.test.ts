import { describe, expect, test } from "vitest";
import { SeededRandom } from "../random/seeded-random.ts";
import type { FaultCall, FaultRule } from "./fault-rule.ts";
import { FaultPlan } from "./fault-plan.ts";

const CALL: FaultCall = {
  protocol: "sqs",
  wire: "json",
  operation: "SendMessage",
  queue: "orders",
  region: "eu-west-1",
  attempt: 1,
  invocationId: "call",
  body: '{"MessageBody":"hello"}',
};

function plan(...rules: readonly FaultRule[]): FaultPlan {
  const made = new FaultPlan(new SeededRandom(1));
  for (const rule of rules) made.add(rule);
  return made;
}

function fires(
  rule: Omit<FaultRule, "action">,
  call: Partial<FaultCall> = {},
  when: "before" | "after" = "before",
): boolean {
  return plan({ ...rule, action: { kind: "reset" } }).take({ ...CALL, ...call }, when).length > 0;
}

describe("matching", () => {
  test.each<[Omit<FaultRule, "action">, boolean]>([
    [{}, true],
    [{ operation: "SendMessage" }, true],
    [{ operation: "Send*" }, true],
    [{ operation: "SendMessag?" }, true],
    [{ operation: "Send" }, false],
    [{ operation: "*Batch" }, false],
    [{ protocol: "sqs" }, true],
    [{ queue: "orders" }, true],
    [{ queue: "ord.rs" }, false],
    [{ queue: "or*s" }, true],
    [{ match: { attempt: 1 } }, true],
    [{ match: { attempt: 2 } }, false],
    [{ match: { bodyContains: "hello" } }, true],
    [{ match: { bodyContains: "bye" } }, false],
    [{ match: { region: "eu-west-1", wire: "json" } }, true],
    [{ match: { wire: "query" } }, false],
    [{ match: { region: "us-east-1" } }, false],
    [{ match: (call) => call.invocationId === "call" }, true],
    [{ match: () => false }, false],
    [{ when: "before" }, true],
    [{ when: "after" }, false],
  ])("%j fires: %s", (rule, expected) => {
    expect(fires(rule)).toBe(expected);
  });

  test("a call without a queue fits only rules that name none", () => {
    expect(fires({ queue: "orders" }, { queue: undefined })).toBe(false);
    expect(fires({ queue: "*" }, { queue: undefined })).toBe(true);
  });

  test("a rule for after fires after", () => {
    expect(fires({ when: "after" }, {}, "after")).toBe(true);
  });
});

describe("how often", () => {
  function pattern(rule: Omit<FaultRule, "action">, calls: number): string {
    const made = plan({ ...rule, action: { kind: "reset" } });
    return Array.from({ length: calls }, () => (made.take(CALL, "before").length > 0 ? "x" : ".")).join("");
  }

  test("without end, a number of times, or after letting some pass", () => {
    expect(pattern({}, 5)).toBe("xxxxx");
    expect(pattern({ count: 2 }, 5)).toBe("xx...");
    expect(pattern({ skip: 2, count: 1 }, 5)).toBe("..x..");
  });

  test("with a probability that repeats for the same seed", () => {
    const twice = [pattern({ probability: 0.3 }, 200), pattern({ probability: 0.3 }, 200)];
    expect(twice[0]).toBe(twice[1]);
    const hits = (twice[0] ?? "").split("x").length - 1;
    expect(hits).toBeGreaterThan(30);
    expect(hits).toBeLessThan(90);
    expect(pattern({ probability: 0 }, 20)).toBe(".".repeat(20));
  });
});

test("several rules fire on one call in the order in which they were added", () => {
  const made = plan({ action: { kind: "delay", ms: 5 } }, { action: { kind: "reset" } });
  expect(made.take(CALL, "before").map(({ ruleId, action }) => [ruleId, action.kind])).toEqual([
    ["fault-1", "delay"],
    ["fault-2", "reset"],
  ]);
});

test("a rule can be removed, and all can", () => {
  const made = plan({ action: { kind: "hold" } }, { action: { kind: "reset" } });
  made.take(CALL, "before");
  made.remove("fault-1");
  expect(made.list()).toEqual([{ id: "fault-2", rule: { action: { kind: "reset" } }, fired: 1 }]);
  made.clear();
  expect(made.take(CALL, "before")).toEqual([]);
});
