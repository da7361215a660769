import { expect, test } from "vitest";
import { KeyTurns } from "./key-turns.ts";

/** Takes turns in the given order. Returns the steps in the order in which they happened. */
async function stepsOf(turns: readonly (readonly [key: string, name: string, isDone: boolean])[]) {
  const steps: string[] = [];
  const lanes = new KeyTurns();
  await Promise.all(
    turns.map(async ([key, name, isDone]) => {
      const work = async (): Promise<boolean> => {
        steps.push(`${name} begins`);
        await Promise.resolve();
        steps.push(`${name} ends`);
        return isDone;
      };
      await lanes.take(key, work, async () => void steps.push(`${name} goes back`));
    }),
  );
  return steps;
}

test("one key has one turn at a time, and other keys have theirs meanwhile", async () => {
  expect(
    await stepsOf([
      ["a", "a1", true],
      ["a", "a2", true],
      ["b", "b1", true],
      ["", "c", true],
    ]),
  ).toEqual(["a1 begins", "b1 begins", "c begins", "a1 ends", "b1 ends", "c ends", "a2 begins", "a2 ends"]);
});

test("what follows a failed one goes back, and the key begins anew", async () => {
  expect(
    await stepsOf([
      ["a", "a1", false],
      ["a", "a2", true],
      ["a", "a3", true],
    ]),
  ).toEqual(["a1 begins", "a1 ends", "a2 goes back", "a3 goes back"]);
});
