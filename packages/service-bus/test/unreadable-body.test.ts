import rhea from "rhea";
import { beforeAll, expect, test } from "vitest";
import { tolerateUnreadable, UnreadableBody } from "../src/unreadable-body.ts";
import { compound, described, variable } from "./amqp-bytes.ts";
import { deepMessage } from "./foreign-sender.ts";

const decode = (bytes: Buffer): object => rhea.message.decode(bytes);
const section = (code: number, content: Buffer): Buffer => described(Buffer.of(0x53, code), content);
const text = (of: string): Buffer => variable(0xa1, Buffer.from(of));
const DEEP = deepMessage("deep").subarray(deepMessage("deep", 0).length - 4);
const HEADER = section(0x70, Buffer.of(0x45));
const ANNOTATIONS = section(0x72, compound(0xc1, [variable(0xa3, Buffer.from("x")), Buffer.of(0x52, 7)]));
const PROPERTIES = section(0x73, compound(0xd0, [text("m-1")]));

beforeAll(() => {
  tolerateUnreadable({ container: rhea });
});

test("a message has all sections before the body that cannot be read, and its bytes in place of it", () => {
  const whole = section(0x74, compound(0xd1, [text("tenant"), text("a")]));
  const message = decode(Buffer.concat([HEADER, ANNOTATIONS, PROPERTIES, whole, DEEP]));
  expect(message).toMatchObject({
    message_annotations: { x: 7 },
    message_id: "m-1",
    application_properties: { tenant: "a" },
    body: new UnreadableBody(DEEP),
  });
});

test("application properties that cannot be read take no more of a message than themselves and the body", () => {
  const deepProperties = section(0x74, compound(0xd1, [text("a"), DEEP.subarray(3)]));
  const rest = Buffer.concat([deepProperties, section(0x75, variable(0xa0, Buffer.from("body")))]);
  expect(decode(Buffer.concat([ANNOTATIONS, PROPERTIES, rest]))).toMatchObject({
    message_annotations: { x: 7 },
    message_id: "m-1",
    body: new UnreadableBody(rest),
  });
});

test.each([
  ["nothing of which can be read", DEEP],
  [
    "whose first section is longer than all of it",
    Buffer.concat([Buffer.of(0, 0x53, 0x70, 0xd0), Buffer.alloc(9, 9)]),
  ],
  ["that is cut off", Buffer.of(0, 0x53, 0x70, 0xd0, 0)],
])("a message %s is refused as before", (_what, bytes) => {
  expect(() => decode(bytes)).toThrow(/stack|typecode|range/i);
});

test("what can be read is read as before", () => {
  const body = section(0x75, variable(0xa0, Buffer.from("body")));
  expect(decode(Buffer.concat([PROPERTIES, body]))).toMatchObject({ body: { content: Buffer.from("body") } });
});

test("another SDK is left alone", () => {
  for (const connection of [undefined, {}, { container: {} }, { container: { message: {} } }])
    expect(() => tolerateUnreadable(connection)).not.toThrow();
});
