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

test.each([
  ["that is not open yet begins with the credit it is given", "ServiceBusError", true, 15],
  ["that was stopped is left as it is", "AbortError", false, 10],
])("a link %s", (_, name, isRaised, credit) => {
  const helper = {
    addCredit: () => {
      throw Object.assign(new Error("Cannot request messages on the receiver"), { name });
    },
  };
  const streaming = { _receiverHelper: helper, maxConcurrentCalls: 10 };
  expect(raiseCredit({ _streamingReceiver: streaming }, 5)).toBe(isRaised);
  expect(streaming.maxConcurrentCalls).toBe(credit);
});
