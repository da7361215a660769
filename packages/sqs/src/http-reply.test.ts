import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplyReader } from "./http-reply.ts";
import type { HttpReply } from "./sqs-http-handler.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

interface Read {
  readonly reply: HttpReply | undefined;
  readonly isKeptAlive: boolean;
}

/** Reads an answer that comes in these pieces; the connection ends after the last one. */
function readPieces(pieces: readonly Buffer[]): Read {
  const reader = new ReplyReader();
  let reply: HttpReply | undefined;
  for (const piece of pieces) {
    expect(reply).toBeUndefined();
    reply = reader.read(piece);
  }
  return { reply: reply ?? reader.end(), isKeptAlive: reader.isKeptAlive };
}

function read(text: string): Read {
  return readPieces([Buffer.from(text, "latin1")]);
}

function textOf({ reply }: Read): string | undefined {
  return reply?.body.toString("latin1");
}

describe("an answer", () => {
  test.each([
    ["of a length", `${OK}Content-Length: 5\r\nX-One: a\r\n\r\nfirst`],
    ["in chunks", `${CHUNKED}2\r\nfi\r\n3;note=1\r\nrst\r\n0\r\n\r\n`],
    ["in chunks with trailers", `${CHUNKED}5\r\nfirst\r\n0\r\nX-Late: b\r\n\r\n`],
    [
      "after interim ones",
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\n${OK}Content-Length: 5\r\n\r\nfirst`,
    ],
  ])("%s is the same however it is cut", (_, text) => {
    const bytes = Buffer.from(text);
    const whole = read(text);
    expect([whole.reply?.statusCode, whole.reply?.reason, textOf(whole), whole.isKeptAlive]).toEqual([
      200,
      "OK",
      "first",
      true,
    ]);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 6 });
    fc.assert(
      fc.property(cuts, (unsorted) => {
        const at = [0, ...unsorted.toSorted((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(readPieces(pieces)).toEqual(whole);
      }),
    );
  });

  test("has its headers in lower case, and what came twice joined", () => {
    const { reply } = read(
      `${OK}Content-Length: 0\r\nX-One:\t a  \r\nx-one: b\r\nX-Empty:\r\nConstructor: c\r\n\r\n`,
    );
    const others = { "x-empty": "", constructor: "c" };
    expect(reply?.headers).toEqual({ "content-length": "0", "x-one": "a, b", ...others });
  });

  test("without a length ends with its connection, which carries nothing more", () => {
    const answer = read(`${OK}\r\nall of it`);
    expect(textOf(answer)).toBe("all of it");
    expect(answer.isKeptAlive).toBe(false);
  });

  test.each(["204 No Content", "304 Not Modified"])("with status %s has no body", (status) => {
    expect(textOf(read(`HTTP/1.1 ${status}\r\n\r\n`))).toBe("");
    expect(textOf(read(`HTTP/1.1 ${status}\r\nContent-Length: 9\r\n\r\n`))).toBe("");
  });

  test.each([
    ["of another version", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"],
    ["that says so", `${OK}Connection: Close\r\nContent-Length: 2\r\n\r\n{}`],
    ["with more behind it", `${OK}Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n`],
    ["in chunks with more behind them", `${CHUNKED}2\r\n{}\r\n0\r\n\r\n0`],
  ])("%s is the last of its connection", (_, text) => {
    const answer = read(text);
    expect(textOf(answer)).toBe("{}");
    expect(answer.isKeptAlive).toBe(false);
  });

  test.each([
    ["cut in its head", `${OK}Content-Length: 5\r\n`],
    ["cut in its body", `${OK}Content-Length: 5\r\n\r\nfour`],
    ["cut between its chunks", `${CHUNKED}5\r\nfirst\r\n`],
    ["cut in its trailers", `${CHUNKED}5\r\nfirst\r\n0\r\nX-Late: b\r\n`],
    ["that was only announced", "HTTP/1.1 100 Continue\r\n\r\n"],
  ])("%s is none", (_, text) => {
    expect(read(text).reply).toBeUndefined();
  });

  test.each([
    ["no HTTP", "+OK ready\r\n\r\n"],
    ["another protocol", "HTTP/2 200 OK\r\n\r\n"],
    ["a change of the protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["two lengths", `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`],
    ["the same length twice", `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`],
    ["a length that is no number", `${OK}Content-Length: +5\r\n\r\n`],
    ["a length beside chunks", `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ["a coding beside chunks", `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ["a folded header", `${OK}X-One: a\r\n Content-Length: 5\r\n\r\n`],
    ["a space before the colon", `${OK}Content-Length : 5\r\n\r\n`],
    ["a header without a colon", `${OK}Content-Length\r\n\r\n`],
    ["a header with a line feed alone", `${OK}X-One: a\nContent-Length: 5\r\n\r\n`],
    ["a header with a carriage return alone", `${OK}X-One: a\rContent-Length: 5\r\n\r\n`],
    ["a status below all others", "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\n{}"],
    ["a chunk without a length", `${CHUNKED}\r\nfirst\r\n`],
    ["a chunk with a sign", `${CHUNKED}-5\r\nfirst\r\n`],
    ["a longer chunk than it says", `${CHUNKED}3\r\nfirst\r\n0\r\n\r\n`],
    ["an endless line before a chunk", `${CHUNKED}1;${"x".repeat(70_000)}`],
    ["an endless head", `${OK}${"X-One: a\r\n".repeat(10_000)}`],
  ])("that is %s is refused, and may have been given to something applied", (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ name: "InternalError" }));
  });
});
