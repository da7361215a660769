import { describe, expect, test } from "vitest";
import { isQueueError } from "../errors/queue-error.ts";
import { bytes, codecFor, json, text, type Codec } from "./codec.ts";

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (isQueueError(error, "INVALID_MESSAGE")) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("json", () => {
  test.each([{ a: [1, null, true] }, "text", 0, null, [], { ünï: "\uD83D\uDE00" }])(
    "round-trips %j",
    (body) => {
      expect(json().decode(json().encode(body))).toEqual(body);
    },
  );

  test.each([
    ["undefined", undefined],
    ["a function", () => {}],
    ["a bigint", { n: 1n }],
    ["a symbol", Symbol("s")],
  ])("refuses %s", (_, body) => {
    expect(errorOf(() => json().encode(body)).message).toContain("no JSON form");
  });

  test("refuses a cycle", () => {
    const body: Record<string, unknown> = {};
    body["self"] = body;
    expect(errorOf(() => json().encode(body)).message).toMatch(/no JSON form.*no circular reference/u);
  });

  test.each([
    '{"__proto__":{"admin":true}}',
    '[{"a":{"\\u005f_proto__":{}}}]',
    '{"a":[{"__proto__":1}]}',
    '{"__\\u0070roto__":{}}',
    '{"__pro\\u0074o__":{}}',
    '{"__pr\\u006Fto__":{}}',
  ])("refuses %s, so that no copy of it gets a prototype", (source) => {
    expect(errorOf(() => json().decode(utf8(source))).message).toContain("__proto__");
    expect(errorOf(() => json().encode(JSON.parse(source))).message).toContain("__proto__");
  });

  test("lets the word __proto__ pass where it is no key", () => {
    expect(json().decode(utf8('{"word":"__proto__","other":"\\u005fx"}'))).toEqual({
      word: "__proto__",
      other: "_x",
    });
  });

  test("never shows the body that it cannot parse", () => {
    const error = errorOf(() => json().decode(utf8("secret-42 is no json")));
    expect(error.message).not.toContain("secret");
    expect(error.cause).toBeUndefined();
  });

  test("refuses bytes that are no UTF-8, and takes a byte order mark", () => {
    expect(errorOf(() => json().decode(new Uint8Array([0xff, 0xfe]))).message).toContain("UTF-8");
    expect(json().decode(utf8("\uFEFF{}"))).toEqual({});
  });
});

describe("text", () => {
  test.each(["", "héllo", "\uFEFFmark", "a\u0000b"])("round-trips %j", (body) => {
    expect(text().decode(text().encode(body))).toBe(body);
  });

  test("refuses a lone surrogate and what is no string", () => {
    expect(errorOf(() => text().encode("\uD800")).message).toContain("lone surrogate");
    expect(errorOf(() => text().encode(7)).message).toContain("number");
  });
});

describe("bytes", () => {
  test("passes every byte on and refuses anything else", () => {
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(bytes().decode(bytes().encode(body))).toEqual(body);
    expect(errorOf(() => bytes().encode("text")).message).toContain("string");
    expect(errorOf(() => bytes().encode(null)).message).toContain("null");
  });
});

describe("codecFor", () => {
  const own: Codec = {
    contentType: "application/x-own",
    encode: () => new Uint8Array(),
    decode: () => "own",
  };

  test.each<[string | undefined, Codec, Codec]>([
    [undefined, text(), text()],
    ["", own, own],
    ["application/json", text(), json()],
    ["application/json; charset=utf-8", own, json()],
    ["Application/JSON;charset=UTF-8", json(), json()],
    ["application/cloudevents+json", text(), json()],
    ["text/plain", json(), text()],
    ["text/csv; charset=us-ascii", json(), text()],
    ["application/octet-stream", json(), bytes()],
    ["application/x-own", own, own],
    ["application/x-own; version=2", own, own],
    ["application/unheard-of", bytes(), bytes()],
  ])("takes for %s with %o", (contentType, fallback, expected) => {
    expect(codecFor(contentType, fallback)).toBe(expected);
  });

  test.each(["application/xml", "text/plain; charset=iso-8859-1", "nonsense", "application/x-own"])(
    "refuses %s, which no codec knows",
    (contentType) => {
      expect(errorOf(() => codecFor(contentType, json())).message).toContain(JSON.stringify(contentType));
    },
  );
});
