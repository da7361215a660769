import type { Message } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { describeAsJson, describeAsText } from "./describe-message.ts";

function message(body: string | Uint8Array, over: Partial<Message<Uint8Array>> = {}): Message<Uint8Array> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { id: "m-1", providerId: "p-1", body: bytes, attributes: {}, native: {}, ...over };
}

const json = (body: string | Uint8Array, over: Partial<Message<Uint8Array>> = {}) =>
  describeAsJson({ message: message(body, over), attempt: 1 });

describe("as JSON", () => {
  test("a message is one object on one line with all that is known of it", () => {
    const line = describeAsJson({
      attempt: 3,
      message: message('{\r\n\t"a": "b c"\n}', {
        contentType: "application/json",
        attributes: { tenant: "a" },
        attributeTypes: { size: "Number" },
        orderingKey: "k",
        correlationId: "c",
        replyTo: "r",
        enqueuedAt: new Date(0),
        deadLettered: { reason: "ATTEMPTS_SPENT", attempts: 5, deadLetteredAt: new Date(1) },
      }),
    });
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toEqual({
      id: "m-1",
      providerId: "p-1",
      attempt: 3,
      enqueuedAt: "1970-01-01T00:00:00.000Z",
      contentType: "application/json",
      orderingKey: "k",
      correlationId: "c",
      replyTo: "r",
      attributes: { tenant: "a" },
      attributeTypes: { size: "Number" },
      deadLettered: { reason: "ATTEMPTS_SPENT", attempts: 5, deadLetteredAt: "1970-01-01T00:00:00.001Z" },
      body: { a: "b c" },
    });
  });

  test("numbers keep all their digits", () => {
    expect(json('{"n":12345678901234567890}')).toContain('"body":{"n":12345678901234567890}}');
  });

  test.each([
    ["hello", undefined, "hello"],
    ['"hello"', "text/plain", '"hello"'],
    ["<a/>", "application/xml", "<a/>"],
    ["", undefined, ""],
    ["null", undefined, null],
    ["\uFEFF[1]", "application/json", [1]],
  ])("the body %j of content type %s is %j", (body, contentType, shown) => {
    expect(JSON.parse(json(body, contentType === undefined ? {} : { contentType })).body).toEqual(shown);
  });

  test.each([
    [
      Uint8Array.of(0xff, 0xfe),
      "application/json",
      "its content type is application/json, but it is no UTF-8 text",
    ],
    [
      Uint8Array.of(0x7b),
      "application/vnd.a+json; v=1",
      "its content type is application/vnd.a+json, but it is not JSON",
    ],
    [Uint8Array.of(0xff), "text/plain", "its content type is text/plain, but it is no UTF-8 text"],
    [Uint8Array.of(0xff), undefined, undefined],
    [Uint8Array.of(0x61), "application/octet-stream", undefined],
  ])("the body %j of content type %s is base64, because %s", (body, contentType, undecodable) => {
    const shown = JSON.parse(json(body, contentType === undefined ? {} : { contentType }));
    expect(shown).not.toHaveProperty("body");
    expect(shown.undecodable).toBe(undecodable);
    expect(Buffer.from(shown.bodyBase64, "base64")).toEqual(Buffer.from(body));
  });

  test("a malformed message is base64 with the adapter's reason", () => {
    const line = describeAsJson({ message: message("{}"), attempt: undefined, malformed: "no header" });
    expect(JSON.parse(line)).toMatchObject({ bodyBase64: "e30=", undecodable: "no header" });
  });

  test("control characters of terminals are escaped and stay the same text", () => {
    const line = json(JSON.stringify("a\u009B2Jb\u2028\u007F"));
    expect(line).not.toMatch(/[\u007F-\u009F\u2028]/);
    expect(JSON.parse(line).body).toBe("a\u009B2Jb\u2028\u007F");
  });
});

describe("as text", () => {
  test("a message is a heading and its body", () => {
    const over = { attributes: { tenant: "a" }, orderingKey: "k", enqueuedAt: new Date(0) };
    expect(describeAsText({ message: message('{"a":1}', over), attempt: 2 })).toBe(
      '1970-01-01T00:00:00.000Z  m-1  attempt=2  key=k  tenant=a\n{"a":1}',
    );
  });

  test("a dead letter says where it comes from and why", () => {
    const deadLettered = { reason: "INVALID_MESSAGE", source: "orders", attempts: 1 };
    expect(describeAsText({ message: message("x", { deadLettered }), attempt: 1 }).split("\n")[1]).toBe(
      "dead letter: reason=INVALID_MESSAGE  source=orders  attempts=1",
    );
  });

  test("bytes are shown with their number and why", () => {
    const body = message(Uint8Array.of(255), { contentType: "text/plain" });
    expect(describeAsText({ message: body, attempt: 1 })).toBe(
      "m-1  attempt=1\n[1 bytes, its content type is text/plain, but it is no UTF-8 text] /w==",
    );
  });

  test("a message cannot steer the terminal or add lines to its heading", () => {
    const attributes = { evil: "\u001B[2J\nm-2  attempt=1" };
    const text = describeAsText({
      message: message("a\u001B]0;b\u0007\nc\r\nd\re", { attributes }),
      attempt: 1,
    });
    expect(text).toBe(
      "m-1  attempt=1  evil=\\u001b[2J\\u000am-2  attempt=1\na\\u001b]0;b\\u0007\nc\r\nd\\u000de",
    );
  });
});
