import { describe, expect, test } from "vitest";
import { bodyFormat, type CheckedBody } from "./body-format.ts";

const encoder = new TextEncoder();

function shown(checked: CheckedBody): string {
  return checked.ok
    ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(checked.body)
    : `refused: ${checked.problem}`;
}

describe("a body", () => {
  test.each([
    [undefined, undefined, "json", "application/json"],
    ["text", undefined, "text", "text/plain; charset=utf-8"],
    ["binary", undefined, "binary", "application/octet-stream"],
    [undefined, "application/cloudevents+json", "json", "application/cloudevents+json"],
    [undefined, "text/csv", "text", "text/csv"],
    [undefined, "text/csv; charset=latin1", "binary", "text/csv; charset=latin1"],
    [undefined, "application/x-protobuf", "binary", "application/x-protobuf"],
    ["binary", "application/json", "binary", "application/json"],
  ] as const)(
    "of kind %s and content type %s is checked as %s and sent as %s",
    (kind, given, checkedAs, sentAs) => {
      const format = bodyFormat(kind, given);
      expect([format.kind, format.codec.contentType]).toEqual([checkedAs, sentAs]);
    },
  );

  test.each([
    ['{"n":12345678901234567890}', '{"n":12345678901234567890}'],
    ['\uFEFF {"a":1}\r\n', '{"a":1}'],
    ['{"a":1,}', "refused: it is not JSON: column 8: expected a property name in double quotes"],
    ['{\n"a"\n}\n', 'refused: it is not JSON: line 3, column 1: expected ":"'],
    ["", "refused: it is empty"],
    [" \n", "refused: it is empty"],
  ])("of JSON, %j, becomes %j", (given, expected) => {
    expect(shown(bodyFormat("json", undefined).check(encoder.encode(given)))).toBe(expected);
  });

  test("that every consumer would refuse is refused", () => {
    const given = encoder.encode('{"a":{"__proto__":{"isAdmin":true}}}');
    expect(shown(bodyFormat("json", undefined).check(given))).toContain("the body has a key named __proto__");
  });

  test.each(["json", "text"] as const)("of %s must be UTF-8", (kind) => {
    expect(shown(bodyFormat(kind, undefined).check(Uint8Array.of(0x22, 0xff, 0x22)))).toBe(
      "refused: it is no UTF-8 text; --binary sends bytes as they are",
    );
  });

  test("of text keeps every byte, its line break and byte order mark too", () => {
    expect(shown(bodyFormat("text", undefined).check(encoder.encode("\uFEFFhi\r\n")))).toBe("\uFEFFhi\r\n");
  });
});
