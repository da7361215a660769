import { expect, test } from "vitest";
import type { ProviderRun } from "../src/run-provider.ts";
import { verdict } from "../src/verdict.ts";

function run(provider: string, lost: number, pushes: number): ProviderRun {
  const result = {
    provider,
    sent: 10,
    handled: 10 - lost,
    retried: 0,
    deadLettered: 0,
    duplicates: 0,
    lost,
    messagesPerSecond: 1,
    requestsPerMessage: 0,
  };
  return { result, aggregates: { push: pushes } };
}

test("providers that lost nothing and counted the same are fine", () => {
  expect(verdict([run("memory", 0, 3), run("sqs", 0, 3)])).toEqual([]);
});

test("a lost message and another count are each a fault", () => {
  expect(verdict([run("memory", 1, 3), run("sqs", 2, 3)])).toEqual(["3 messages were lost"]);
  expect(verdict([run("memory", 0, 3), run("sqs", 0, 4)])).toEqual([
    "the providers disagree about the aggregates",
  ]);
});
