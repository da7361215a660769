import { expect, test } from "vitest";
import { raiseCredit } from "./raise-credit.ts";

test("adds credit, and more of it to a link that is opened again", () => {
  const added: number[] = [];
  const helper = { addCredit: (count: number) => void added.push(count) };
  const streaming = { _receiverHelper: helper, maxConcurrentCalls: 10 };
  expect(raiseCredit({ _streamingReceiver: streaming }, 5)).toBe(true);
  expect(added).toEqual([5]);
  expect(streaming.maxConcurrentCalls).toBe(15);
});

test.each([
  {},
  { _streamingReceiver: undefined },
  { _streamingReceiver: { maxConcurrentCalls: 10 } },
  { _streamingReceiver: { _receiverHelper: { addCredit: () => {} } } },
])("a receiver with other insides is left as it is: %o", (receiver) => {
  expect(raiseCredit(receiver, 5)).toBe(false);
});

test("a link that is not open is left as it is", () => {
  const helper = {
    addCredit: () => {
      throw new Error("Cannot request messages on the receiver since it is not open.");
    },
  };
  const streaming = { _receiverHelper: helper, maxConcurrentCalls: 10 };
  expect(raiseCredit({ _streamingReceiver: streaming }, 5)).toBe(false);
  expect(streaming.maxConcurrentCalls).toBe(10);
});
