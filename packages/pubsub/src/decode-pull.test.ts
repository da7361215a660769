import { protos } from "@google-cloud/pubsub";
import { describe, expect, test } from "vitest";
import { decodePullResponse } from "./decode-pull.ts";
import { decodingWith } from "./own-codec.ts";
import { UnreadableProto } from "./proto-reader.ts";

const { StreamingPullResponse } = protos.google.pubsub.v1;
type Response = protos.google.pubsub.v1.IStreamingPullResponse;

/** Conversion options like those of the SDK's generated client. */
const SDK_FORM = { longs: String, enums: String, defaults: true, oneofs: true } as const;

const TEXTS = ["", "a", "é", "世界", "🚀".repeat(40), "x".repeat(127), "x".repeat(128), "y".repeat(20_000)];

function encoded(response: Response): Buffer {
  return Buffer.from(StreamingPullResponse.encode(StreamingPullResponse.fromObject(response)).finish());
}

function bySdk(bytes: Buffer): Response {
  const { receivedMessages, subscriptionProperties } = StreamingPullResponse.toObject(
    StreamingPullResponse.decode(bytes),
    SDK_FORM,
  );
  return { receivedMessages, subscriptionProperties };
}

/** Mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function responseAt(seed: number): Response {
  const random = randomOf(seed);
  const text = (): string => TEXTS[random(TEXTS.length)] ?? "";
  const receivedMessages = Array.from({ length: random(6) }, () => ({
    ackId: text(),
    ...(random(4) > 0 && { deliveryAttempt: random(3_000_000) }),
    ...(random(8) > 0 && {
      message: {
        data: Buffer.from(text()),
        attributes: Object.fromEntries(
          Array.from({ length: random(4) }, (_, at) => [`${at}${text()}`, text()]),
        ),
        messageId: text(),
        orderingKey: text(),
        ...(random(4) > 0 && {
          publishTime: { seconds: random(4_000_000_000) * 60, nanos: random(999_999_999) },
        }),
      },
    }),
  }));
  const subscriptionProperties = {
    exactlyOnceDeliveryEnabled: random(2) === 1,
    messageOrderingEnabled: random(2) === 1,
  };
  return { receivedMessages, ...(random(2) === 1 && { subscriptionProperties }) };
}

describe("a response of a stream", () => {
  test("comes in the form of the SDK, whatever is in it", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const bytes = encoded(responseAt(seed));
      expect(decodePullResponse(bytes), `seed ${seed}`).toEqual(bySdk(bytes));
    }
  });

  test("leaves out fields that are not known yet, of every wire type", () => {
    const known = encoded(responseAt(3));
    const unknown = Buffer.from([
      0x78, 0x96, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4, 0x7a, 1, 9,
    ]);
    const bytes = Buffer.concat([unknown, known, unknown]);
    expect(decodePullResponse(bytes)).toEqual(bySdk(known));
  });

  test("cannot be read when it is cut off, wherever that is", () => {
    const whole = encoded({
      receivedMessages: [{ ackId: "abc", message: { data: Buffer.from("hello"), messageId: "7" } }],
    });
    for (let length = 1; length < whole.length; length += 1) {
      expect(() => decodePullResponse(whole.subarray(0, length)), `${length} bytes`).toThrow(UnreadableProto);
    }
  });

  test.each([
    ["results of acknowledgements", { acknowledgeConfirmation: { ackIds: ["a"] } }],
    ["a time before 1970", { receivedMessages: [{ message: { publishTime: { seconds: -5 } } }] }],
    [
      "an attribute with the name of the prototype",
      { receivedMessages: [{ message: { attributes: JSON.parse('{"__proto__":"x"}') } }] },
    ],
  ])("is left to the SDK where it has %s", (_, response: Response) => {
    expect(() => decodePullResponse(encoded(response))).toThrow(UnreadableProto);
  });
});

describe("gRPC's own decoder", () => {
  const method = {
    requestSerialize: () => Buffer.alloc(0),
    responseDeserialize: (bytes: Buffer) => `theirs: ${bytes.toString()}`,
  };

  function decoderOf(decode: (bytes: Buffer) => unknown): (bytes: Buffer) => unknown {
    const own = { ...method };
    for (const intercept of decodingWith(decode).interceptors)
      intercept({ method_definition: own }, () => "call");
    return own.responseDeserialize;
  }

  test("is asked where ours cannot read", () => {
    const decode = decoderOf(() => {
      throw new UnreadableProto("no");
    });
    expect(decode(Buffer.from("x"))).toBe("theirs: x");
    expect(decoderOf((bytes) => `ours: ${bytes.toString()}`)(Buffer.from("x"))).toBe("ours: x");
  });

  test("stays where calls have no description to change", () => {
    const [intercept] = decodingWith(() => "ours").interceptors;
    expect(intercept?.({}, () => "call")).toBe("call");
  });
});
