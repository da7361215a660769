import { describe, expect, test } from "vitest";
import { readBatchResponse } from "./batch-response.ts";

const IDS = ["a", "b", "c"];
const failing = (...items: readonly unknown[]): string => JSON.stringify({ batchItemFailures: items });

describe("the answer of a function with partial responses", () => {
  test.each([
    ["is empty", ""],
    ["is blank", " \n"],
    ["is null", "null"],
    ["is an empty object", "{}"],
    ["has an empty list", failing()],
    ["has no list but null", '{"batchItemFailures":null}'],
    ["has other keys only", '{"statusCode":200}'],
  ])("means that all succeeded if it %s", (_what, body) => {
    expect(readBatchResponse(body, IDS, true)).toBe("none");
  });

  test.each([
    ["is no JSON", "oops"],
    ["is a text", '"done"'],
    ["is a list", "[]"],
    ["has a list that is none", '{"batchItemFailures":"a"}'],
    ["has an empty id", failing({ itemIdentifier: "" })],
    ["has a null id", failing({ itemIdentifier: null })],
    ["has a null item", failing(null)],
    ["has a wrong key name", failing({ messageId: "a" })],
    ["has an unknown id", failing({ itemIdentifier: "a" }, { itemIdentifier: "z" })],
  ])("means that all failed if it %s", (_what, body) => {
    expect(readBatchResponse(body, IDS, true)).toBe("all");
  });

  test("names what failed, once or twice", () => {
    const body = failing({ itemIdentifier: "b" }, { itemIdentifier: "b" }, { itemIdentifier: "c" });
    expect(readBatchResponse(body, IDS, true)).toEqual(new Set(["b", "c"]));
  });
});

test("without partial responses any answer means that all succeeded, a list of failures too", () => {
  for (const body of ["", "oops", failing({ itemIdentifier: "a" })])
    expect(readBatchResponse(body, IDS, false)).toBe("none");
});
