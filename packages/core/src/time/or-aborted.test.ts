import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { orAborted } from "./or-aborted.ts";

const abandoned = (): string => "abandoned";

describe("without an abort", () => {
  test("the work's value is the answer, and the signal is let go", async () => {
    const { signal } = new AbortController();

    expect(await orAborted(Promise.resolve("done"), signal, abandoned)).toBe("done");

    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("the work's error passes through untouched", async () => {
    const { signal } = new AbortController();
    const error = new Error("broken");

    await expect(orAborted(Promise.reject(error), signal, abandoned)).rejects.toBe(error);

    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("with an abort", () => {
  test("before the call the answer is the substitute", async () => {
    const never = new Promise<string>(() => {});

    expect(await orAborted(never, AbortSignal.abort(), abandoned)).toBe("abandoned");
  });

  test("while the work runs the answer is the substitute, at once", async () => {
    const ending = new AbortController();
    const never = new Promise<string>(() => {});
    const answer = orAborted(never, ending.signal, abandoned);

    ending.abort();

    expect(await answer).toBe("abandoned");
  });

  test("what the substitute throws is the answer", async () => {
    const error = new Error("cancelled");
    const cancel = (): string => {
      throw error;
    };

    await expect(orAborted(Promise.resolve("done"), AbortSignal.abort(), cancel)).rejects.toBe(error);
  });

  test("a failure of the abandoned work is nobody's", async () => {
    const work = Promise.withResolvers<string>();
    const answer = orAborted(work.promise, AbortSignal.abort(), abandoned);

    work.reject(new Error("too late"));

    // An unhandled rejection would fail the run.
    expect(await answer).toBe("abandoned");
  });
});
