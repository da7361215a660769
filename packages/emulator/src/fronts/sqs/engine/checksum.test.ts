import { expect, test } from "vitest";
import { md5OfAttributes, md5OfText } from "./checksum.ts";
import type { MessageAttribute } from "./stored-message.ts";

function text(dataType: string, stringValue: string): MessageAttribute {
  return { dataType, stringValue, binaryValue: undefined };
}

function binary(value: string): MessageAttribute {
  return { dataType: "Binary", stringValue: undefined, binaryValue: Buffer.from(value) };
}

test("no attributes have no digest", () => {
  expect(md5OfAttributes(new Map())).toBeUndefined();
});

// Digests from the service itself, taken from public recordings of its answers.
test.each<[Readonly<Record<string, MessageAttribute>>, string]>([
  [{ attribName1: text("String", "attribValue 1") }, "19e27d4e946b072f3f58da80d94fd778"],
  [{ binaryAttribute: binary("Hello binary world!") }, "31a92b15d92f8db860eda32aceb656c3"],
  [{ UserId: text("Number.bigint", "1234567890123456789012") }, "797ab158d73dcb5242dedc4412c8e855"],
  [{ Hello: text("String", "World") }, "7db7fb1ba7f41366a8ea5eb18220b26d"],
  [{ Foo: text("String", "Bar") }, "ae7155c6026991b6d54b11589678bf9c"],
  [{ Hello: text("String", "There"), General: text("String", "Kenobi") }, "fca026605781cb4126a1e9044df24232"],
  [
    { attr1: binary("traceparent\u001e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01") },
    "8cbe4db156db8a94db8b801b7addb984",
  ],
  [{ AWSTraceHeader: text("String", "some-trace-id") }, "fdce4f2818803f2f73becc09a54792c0"],
])("the digest of %j is %s", (attributes, digest) => {
  expect(md5OfAttributes(new Map(Object.entries(attributes)))).toBe(digest);
});

test("the order in which attributes were given does not matter", () => {
  const one = text("String", "1");
  const two = text("String", "2");
  expect(
    md5OfAttributes(
      new Map([
        ["a", one],
        ["b", two],
      ]),
    ),
  ).toBe(
    md5OfAttributes(
      new Map([
        ["b", two],
        ["a", one],
      ]),
    ),
  );
});

test("texts are digested as UTF-8", () => {
  expect(md5OfText("hi")).toBe("49f68a5c8493ec2c0bf489821c21fc3b");
  expect(md5OfText("é")).toBe("66ddcd97cfdeabb2f6fb8a999b4bc76f");
});
