import { describe, expect, test } from "vitest";
import { timely } from "./timely-credential.ts";

const MINUTE_MS = 60_000;
/** How long before its end the SDK renews a token, by a timer of Node. */
const RENEWED_BEFORE_MS = 2 * MINUTE_MS;
const LONGEST_TIMER_MS = 2_147_483_647;

async function renewedAfterMs(expiresOnTimestamp: number): Promise<number> {
  const credential = timely({
    getToken: async () => await Promise.resolve({ token: "t", expiresOnTimestamp }),
  });
  const token = await credential.getToken("scope");
  return (token?.expiresOnTimestamp ?? Number.NaN) - Date.now() - RENEWED_BEFORE_MS;
}

test.each([
  ["ended long ago", 0],
  ["has its end in seconds", Date.now() / 1_000 + 3_600],
  ["ends soon", Date.now() + MINUTE_MS],
  ["lives longer than a timer of Node", Date.now() + 2 * LONGEST_TIMER_MS],
  ["lives for ever", Number.POSITIVE_INFINITY],
  ["says no end", undefined as unknown as number],
])(
  "a token that %s is not asked for again at once, and again, for as long as the client lives",
  async (_, end) => {
    const afterMs = await renewedAfterMs(end);
    expect(afterMs).toBeGreaterThan(1_000);
    expect(afterMs).toBeLessThan(LONGEST_TIMER_MS);
  },
);

describe("a credential that fails after it gave a token", () => {
  const failing = (first: object) => {
    const answers: (() => Promise<unknown>)[] = [
      async () => await Promise.resolve(first),
      async () => await Promise.reject(new Error("the directory does not answer")),
    ];
    return timely({ getToken: async () => (await (answers.shift() ?? answers[0])?.()) as never });
  };

  test("has that token again while it is good, and is soon asked again: the SDK would not", async () => {
    const credential = failing({ token: "good", expiresOnTimestamp: Date.now() + 100_000 });
    await credential.getToken("scope");
    const again = await credential.getToken("scope");
    expect(again?.token).toBe("good");
    const askedAfterMs = (again?.expiresOnTimestamp ?? 0) - Date.now() - RENEWED_BEFORE_MS;
    expect(askedAfterMs).toBeGreaterThan(0);
    expect(askedAfterMs).toBeLessThan(10_000);
  });

  test.each([
    ["has ended", { expiresOnTimestamp: Date.now() - 1 }, "scope", {}],
    ["says no end", {}, "scope", {}],
    ["is for something else", { expiresOnTimestamp: Date.now() + 100_000 }, ["other"], {}],
    ["lacks what is asked", { expiresOnTimestamp: Date.now() + 100_000 }, "scope", { claims: "more" }],
  ])("fails where that token %s", async (_, first, scopes, options) => {
    const credential = failing({ token: "old", ...first });
    await credential.getToken("scope");
    await expect(credential.getToken(scopes, options)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

test("any other token keeps its end", async () => {
  const end = Date.now() + 60 * MINUTE_MS;
  const credential = timely({
    getToken: async () => await Promise.resolve({ token: "t", expiresOnTimestamp: end }),
  });
  expect(await credential.getToken("scope")).toEqual({ token: "t", expiresOnTimestamp: end });
});
