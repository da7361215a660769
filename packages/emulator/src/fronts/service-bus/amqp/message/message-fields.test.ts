import { expect, test } from "vitest";
import { encode } from "../transport/amqp-encoder.ts";
import { binary, map, symbol, type AmqpValue } from "../transport/amqp-value.ts";
import { SECTION } from "./sections.ts";
import { decodeMessage } from "./wire-message.ts";

test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d is not accepted as a scheduled time", (value) => {
  const at: AmqpValue = { type: "double", value };
  const bytes = Buffer.concat([
    encodeSection(SECTION.messageAnnotations, map([[symbol("x-opt-scheduled-enqueue-time"), at]])),
    encodeSection(SECTION.data, binary(Buffer.from("body"))),
  ]);
  expect(decodeMessage(bytes, (wireMs) => wireMs).properties.scheduledAtMs).toBeUndefined();
});

function encodeSection(section: number, value: AmqpValue): Buffer {
  return encode({ type: "described", descriptor: { type: "ulong", value: BigInt(section) }, value });
}
