import { describe, expect, test } from "vitest";
import { z } from "zod";

import { bytes, json, text, type Codec } from "../message/codec.ts";
import { checkRoundTrip } from "./check-round-trip.ts";

function check(body: unknown, codec: Codec = json()): void {
  void checkRoundTrip(body, codec.encode(body), codec, undefined);
}

class Order {
  readonly total = 1;
}

describe("without a schema", () => {
  test.each([
    ["a number", 1],
    ["text", "é\u{1F600}"],
    ["null", null],
    ["nested values", { lines: [{ sku: "a", price: 1.5, tags: [] }], note: null, ok: true }],
    ["minus zero", { at: -0 }],
    ["an undefined property", { id: 1, note: undefined }],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
  ])("%s survives JSON", (_name, body) => {
    expect(() => check(body)).not.toThrow();
  });

  test.each([
    [
      "a date",
      { order: { at: new Date(0) } },
      "the body.order.at was an instance of Date and becomes string",
    ],
    ["NaN", { total: Number.NaN }, "the body.total was NaN and becomes null"],
    ["infinity", [1, Infinity], "the body[1] was Infinity and becomes null"],
    ["a map", { tags: new Map([["a", 1]]) }, "the body.tags was an instance of Map"],
    ["a set", new Set([1]), "the body was an instance of Set"],
    ["an instance", { order: new Order() }, "the body.order was an instance of Order"],
    ["undefined in an array", [undefined], "the body[0] was undefined and becomes null"],
    ["a function", { run: () => 1 }, "the body.run was function and becomes undefined"],
    ["bytes", { data: new Uint8Array([1]) }, "the body.data was an instance of Uint8Array"],
    ["an object with toJSON", { price: { toJSON: () => 5 } }, "the body.price was object and becomes number"],
    ["an object that becomes an array", { toJSON: () => [1] }, "the body was object and becomes array"],
  ])("%s does not, and the path is named", (_name, body, what) => {
    expect(() => check(body)).toThrow(expect.objectContaining({ code: "INVALID_MESSAGE" }));
    expect(() => check(body)).toThrow(what);
  });

  test("prints no values", () => {
    expect(() => check({ card: new Date("2020-02-02"), pin: "1234" })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/2020|1234/) }),
    );
  });

  test("text and bytes survive their codecs", () => {
    expect(() => check("a\u{FEFF}b", text())).not.toThrow();
    expect(() => check(new Uint8Array([0, 255]), bytes())).not.toThrow();
  });

  test("what a codec of the application carries, survives", () => {
    const kept: { date?: unknown } = {};
    const codec: Codec = {
      contentType: "application/x-test",
      encode: (body) => {
        kept.date = structuredClone(body);
        return new Uint8Array();
      },
      decode: () => kept.date,
    };
    expect(() => check({ at: new Date(5), tags: new Map([["a", Number.NaN]]) }, codec)).not.toThrow();
    // Only one property differs: the dates beside it are equal.
    const body = { at: new Date(5), run: 1 };
    const lossy: Codec = { ...codec, decode: () => ({ at: new Date(5), run: 2 }) };
    expect(() => check(body, lossy)).toThrow("the body.run was number and becomes number");
  });

  test("a codec that cannot read what it wrote is named", () => {
    const cause = new Error("eof");
    const codec: Codec = {
      contentType: "application/x-test",
      encode: () => new Uint8Array(),
      decode: () => {
        throw cause;
      },
    };
    expect(() => check(1, codec)).toThrow(
      expect.objectContaining({
        code: "INVALID_MESSAGE",
        cause,
        message: expect.stringContaining("application/x-test"),
      }),
    );
  });
});

test("a body too deep to be compared is refused as one", () => {
  let body: unknown = [undefined];
  for (let depth = 0; depth < 2_000; depth += 1) body = { body };
  expect(() => checkRoundTrip(body, json().encode(body), json(), undefined)).toThrow(
    expect.objectContaining({ code: "INVALID_MESSAGE", message: expect.stringContaining("too deep") }),
  );
});

describe("with a schema", () => {
  const encoded = (body: unknown): Uint8Array => json().encode(body);

  test("passes what the schema takes after decoding", () => {
    const schema = z.object({ at: z.coerce.date(), note: z.string().optional() });
    const body = { at: new Date(0), note: undefined };
    expect(checkRoundTrip(body, encoded(body), json(), schema)).toBeUndefined();
  });

  test("refuses what the schema would refuse at the consumer, with the path", () => {
    const body = { order: { at: new Date(0) } };
    const schema = z.object({ order: z.object({ at: z.date() }) });
    expect(() => checkRoundTrip(body, encoded(body), json(), schema)).toThrow(/INVALID_MESSAGE: .*order\.at/);
  });

  test("waits for an asynchronous schema", async () => {
    const schema = z.object({ at: z.coerce.date() }).refine(async ({ at }) => at.getTime() > 0);
    const [early, late] = [{ at: new Date(0) }, { at: new Date(1) }];
    await expect(checkRoundTrip(late, encoded(late), json(), schema)).resolves.toBeUndefined();
    await expect(checkRoundTrip(late, encoded(early), json(), schema)).rejects.toMatchObject({
      code: "INVALID_MESSAGE",
    });
  });

  test("does not ask it again where the decoded body is certainly the same", () => {
    const schema = z.object({ at: z.number() }).refine(async () => false);
    expect(checkRoundTrip({ at: 1 }, encoded({ at: 1 }), json(), schema)).toBeUndefined();
  });
});
