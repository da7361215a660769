import { expect, test } from "vitest";
import { readBody } from "./read-body.ts";

/** As bytes, the second one would throw, and the third would take a terabyte. */
test.each([
  ["a map that looks like a Buffer's own JSON", { type: "Buffer", data: "hi" }],
  ["one without data", { type: "Buffer", data: 5 }],
  ["a huge one", { type: "Buffer", data: { length: 1e12 } }],
])("%s is a map like any other", (_what, body) => {
  expect(readBody({ body })).toEqual({
    body: Buffer.from(JSON.stringify(body)),
    contentType: "application/json",
  });
});

test("bytes in a value become base64", () => {
  const body = { a: Buffer.from("x"), b: [Uint8Array.of(1)] };
  expect(readBody({ body }).body.toString()).toBe('{"a":"eA==","b":["AQ=="]}');
});
