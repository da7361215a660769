import { expect, test } from "vitest";
import { MAX_BATCH_ITEMS } from "./service-bus-limits.ts";
import { planRequests, type PlannedMessage } from "./send-plan.ts";

function planned(index: number, more: Partial<PlannedMessage> = {}): PlannedMessage {
  return { index, bytes: 100, key: undefined, dueMs: undefined, ...more };
}

function indexesOf(
  messages: readonly PlannedMessage[],
  maxBytes = 1_000,
): readonly (readonly (readonly number[])[])[] {
  return planRequests(messages, maxBytes).map((line) => line.map(({ indexes }) => indexes));
}

test("messages that fit share one request", () => {
  expect(indexesOf([planned(0), planned(1), planned(2)])).toEqual([[[0, 1, 2]]]);
});

test("a request is full when the next message would not fit", () => {
  expect(indexesOf([planned(0), planned(1), planned(2)], 250)).toEqual([[[0, 1], [2]]]);
});

test("a message that is larger than a batch goes alone", () => {
  expect(indexesOf([planned(0), planned(1, { bytes: 5_000 }), planned(2)])).toEqual([[[0], [1], [2]]]);
});

test("the requests of one session follow one another, sessions stand side by side", () => {
  const messages = ["a", "b", "a", "b"].map((key, index) => planned(index, { key }));
  expect(indexesOf(messages)).toEqual([[[0, 2]], [[1, 3]]]);
});

test("a batch has no more messages than the service takes", () => {
  const messages = Array.from({ length: MAX_BATCH_ITEMS + 1 }, (_, index) => planned(index, { bytes: 1 }));
  expect(planRequests(messages, 1_000_000)[0]?.map(({ indexes }) => indexes.length)).toEqual([
    MAX_BATCH_ITEMS,
    1,
  ]);
});

test("a request that schedules has one moment", () => {
  const messages = [1, 1, 2].map((dueMs, index) => planned(index, { dueMs }));
  expect(indexesOf(messages)).toEqual([[[0, 1], [2]]]);
});
