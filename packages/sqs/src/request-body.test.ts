import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCharacter } from "../../../tooling/any-character.ts";
import { requestBody } from "./request-body.ts";

const BIG = "x".repeat(20_000);

function isAsJsonWritesIt(input: object): boolean {
  const body = requestBody(input);
  return Buffer.from(JSON.stringify(input)).equals(typeof body === "string" ? Buffer.from(body) : body);
}

function batch(...bodies: readonly string[]): object {
  return {
    QueueUrl: 'http://q/"MessageBody":""',
    Entries: bodies.map((MessageBody, index) => ({
      Id: String(index),
      MessageBody,
      MessageAttributes: {
        MessageBody: { DataType: "String", StringValue: '"MessageBody":""' },
        "aq-h": { DataType: "String", StringValue: "ä" },
      },
    })),
  };
}

describe("the body of a request", () => {
  test("is what JSON.stringify gives, for every text beside a big one", () => {
    const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: anyCharacter }));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        expect(isAsJsonWritesIt(batch(...texts, BIG))).toBe(true);
        expect(isAsJsonWritesIt(batch(BIG + texts.join(""), ...texts))).toBe(true);
      }),
    );
  });

  test.each([
    ["quotes, backslashes and ends of lines", '"\\\n\r\t'],
    ["characters of two, three and four bytes", "ä€😀"],
    ["control characters, which SQS refuses", "\u0000\u001f\b\f\u007f"],
    ["half a character", "\ud83d"],
    ["nothing but quotes", '"'.repeat(20_000)],
  ])("is the same for a big text with %s", (_, some) => {
    expect(isAsJsonWritesIt(batch(`${some}${BIG}${some}`, "", some))).toBe(true);
  });

  test("stays text where no body is big, and where there is none", () => {
    expect(typeof requestBody(batch("small"))).toBe("string");
    expect(requestBody({ QueueUrl: "u", Entries: [{ Id: "0", ReceiptHandle: BIG }] })).toContain(BIG);
    expect(requestBody({ QueueUrl: "u" })).toBe('{"QueueUrl":"u"}');
  });

  test("is bytes where one is", () => {
    expect(requestBody(batch("small", BIG))).toBeInstanceOf(Uint8Array);
  });
});
