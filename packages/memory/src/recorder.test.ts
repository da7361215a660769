import type { HandlerContext, Message } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { recorder } from "./recorder.ts";

const CONTEXT: HandlerContext = {
  signal: new AbortController().signal,
  attempt: 2,
  isLastAttempt: false,
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  extend: () => Promise.resolve(),
};

function message(id: string): Message<string> {
  return { id, body: id, attributes: {}, providerId: id, native: undefined };
}

describe("a recorder", () => {
  test("remembers every run with its attempt", () => {
    const seen = recorder<string>();
    seen(message("1"), CONTEXT);
    seen(message("1"), CONTEXT);

    expect(seen.runs).toEqual([
      { message: message("1"), attempt: 2 },
      { message: message("1"), attempt: 2 },
    ]);
    expect(seen.messages.map(({ id }) => id)).toEqual(["1", "1"]);
  });

  test("resolves a wait when enough has come, also for what came before", async () => {
    const seen = recorder<string>();
    seen(message("1"), CONTEXT);
    const wait = seen.received(2);
    seen(message("2"), CONTEXT);

    expect((await wait).map(({ id }) => id)).toEqual(["1", "2"]);
    expect((await seen.received(1)).map(({ id }) => id)).toEqual(["1"]);
  });

  test("returns and throws what its inner handler does, after recording", () => {
    const seen = recorder<string>(() => {
      throw new Error("down");
    });

    expect(() => seen(message("1"), CONTEXT)).toThrow("down");
    expect(recorder<string>(({ body }) => `${body}!`)(message("1"), CONTEXT)).toBe("1!");
    expect(seen.messages).toHaveLength(1);
  });

  test("forgets on request", () => {
    const seen = recorder<string>();
    seen(message("1"), CONTEXT);
    seen.clear();

    expect(seen.runs).toEqual([]);
  });
});
