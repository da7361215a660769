import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBody, encodeBody, encodeText, isEncodedAs, isLegalText, legalJson } from "./sqs-body.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** UTF-16 units of every kind, many that SQS refuses. fast-check's own `binary` takes a second to make. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x2f), fc.nat(0xffff), fc.constantFrom(0xfffe, 0xffff, 0xd800, 0xdc00)), {
    maxLength: 20,
  })
  .map((units) => String.fromCharCode(...units));

describe("encodeBody", () => {
  test.each([
    ["plain text", "hello"],
    ["four-byte characters", "😀 gut"],
    ["a byte order mark", "\ufefftext"],
    ["tab, line feed, carriage return", "a\tb\nc\r\nd"],
    ["the last legal character of the plane", "\ufffd"],
    ["DEL", "\u007f"],
  ])("leaves %s as it is", (_, text) => {
    expect(encodeBody(utf8(text))).toEqual({ text, bytes: utf8(text).byteLength });
  });

  test.each([
    ["a control character", utf8("a\u0000b")],
    ["a vertical tab", utf8("\u000b")],
    ["U+FFFE", utf8("\ufffe")],
    ["U+FFFF", utf8("\uffff")],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe, 0x00)],
    ["half a character", Uint8Array.of(0xf0, 0x9f, 0x98)],
  ])("puts %s into base64, because SQS refuses it as text", (_, bytes) => {
    const encoded = encodeBody(bytes);
    expect(encoded.encoding).toBe("b64");
    expect(encoded.bytes).toBe(encoded.text.length);
    expect(decodeBody(encoded.text, "b64")).toEqual(bytes);
  });

  test("gives an empty body one character, because SQS wants at least one", () => {
    const encoded = encodeBody(new Uint8Array(0));
    expect(encoded).toMatchObject({ encoding: "empty", bytes: 1 });
    expect(encoded.text).toHaveLength(1);
    expect(decodeBody(encoded.text, "empty")).toEqual(new Uint8Array(0));
  });

  test("brings any bytes back, in text that SQS takes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), anyText.map(utf8)), (bytes) => {
        const encoded = encodeBody(bytes);
        expect(isLegalText(encoded.text)).toBe(true);
        expect(encoded.text.length).toBeGreaterThan(0);
        expect(encoded.bytes).toBe(utf8(encoded.text).byteLength);
        expect(decodeBody(encoded.text, encoded.encoding)).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  test("gives text the form that its bytes have", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText.filter((text) => text.isWellFormed()),
          fc.constant(""),
        ),
        (text) => {
          expect(encodeText(text)).toEqual(encodeBody(utf8(text)));
        },
      ),
    );
  });

  test("reads a view into a larger buffer, not the buffer", () => {
    const buffer = Uint8Array.of(1, 2, 0xff, 4);
    expect(decodeBody(encodeBody(buffer.subarray(1, 3)).text, "b64")).toEqual(Uint8Array.of(2, 0xff));
  });
});

describe("isEncodedAs", () => {
  test.each([
    ["no base64", "not base64!", "b64"],
    ["base64 with a wrong length", "YWJ", "b64"],
    ["an encoding of the future", "abc", "zstd"],
  ])("refuses %s", (_, text, encoding) => {
    expect(isEncodedAs(text, encoding)).toBe(false);
  });

  test("takes for base64 what RFC 4648 does, and nothing else", () => {
    const RFC_4648 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
    // The lower byte of the last two is a character of base64.
    const unit = fc.constantFrom("A", "z", "0", "+", "/", "=", "-", "_", " ", "\n", "é", "\u0141", "\u013d");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        expect(isEncodedAs(text, "b64")).toBe(RFC_4648.test(text));
      }),
    );
  });
});

describe("legalJson", () => {
  test("is JSON whose characters SQS takes, whatever the values hold", () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (value) => {
        const text = legalJson(value);
        expect(isLegalText(text)).toBe(true);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(legalJson("\ufffe\u0001")).toBe(String.raw`"\ufffe\u0001"`);
  });
});
