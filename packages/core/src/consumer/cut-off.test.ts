import { expect, test } from "vitest";
import { CutOff, type Cuttable } from "./cut-off.ts";

function requestIn(log: string[], name: string): Cuttable {
  return { previous: undefined, next: undefined, cut: () => log.push(name) };
}

test("ends what is out, once, and says so to what comes later", () => {
  const cutOff = new CutOff();
  const log: string[] = [];
  const [first, second, third] = [requestIn(log, "1"), requestIn(log, "2"), requestIn(log, "3")];
  for (const request of [first, second, third]) cutOff.add(request);
  cutOff.delete(second);
  const reason = new Error("closed");
  cutOff.end(reason);
  cutOff.end(new Error("again"));
  expect([log, cutOff.isOver, cutOff.reason]).toEqual([["1", "3"], true, reason]);
});

test("what leaves meanwhile is not cut", () => {
  const cutOff = new CutOff();
  const log: string[] = [];
  const last = requestIn(log, "last");
  cutOff.add({
    previous: undefined,
    next: undefined,
    cut() {
      cutOff.delete(last);
    },
  });
  cutOff.add(last);
  cutOff.end();
  expect([log, last.previous]).toEqual([[], undefined]);
});
