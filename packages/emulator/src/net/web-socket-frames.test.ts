import fc from "fast-check";
import { expect, test, vi } from "vitest";
import {
  WEB_SOCKET_BINARY,
  WEB_SOCKET_PING,
  webSocketFrame,
  WebSocketFrameReader,
  WebSocketProtocolError,
} from "./web-socket-frames.ts";

/** A frame as a client sends it. */
function masked(opcode: number, payload: Buffer, mask = Buffer.from([1, 2, 3, 4])): Buffer {
  const plain = webSocketFrame(opcode, payload);
  const start = Buffer.from(plain.subarray(0, plain.length - payload.length));
  start.writeUInt8((start[1] ?? 0) | 0x80, 1);
  return Buffer.concat([start, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

test.each([
  [0, 2],
  [125, 2],
  [126, 4],
  [65_535, 4],
  [65_536, 10],
])("a frame of %i bytes has a head of %i", (length, head) => {
  expect(webSocketFrame(WEB_SOCKET_BINARY, Buffer.alloc(length))).toHaveLength(head + length);
});

test("frames come out whole and unmasked, wherever the bytes were cut", () => {
  const lengths = fc.array(fc.constantFrom(0, 1, 125, 126, 127, 300, 65_535, 65_536), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 1, max: 5_000 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      (sizes, cut, mask) => {
        const payloads = sizes.map((size) => Buffer.alloc(size, size % 251));
        const bytes = Buffer.concat(
          payloads.map((each) => masked(WEB_SOCKET_BINARY, each, Buffer.from(mask))),
        );
        const reader = new WebSocketFrameReader();
        const seen: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += cut) {
          seen.push(...reader.push(bytes.subarray(at, at + cut)).map(({ payload }) => payload));
        }
        expect(seen.map((each) => each.equals(payloads[seen.indexOf(each)] ?? Buffer.alloc(0)))).toEqual(
          payloads.map(() => true),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("a long frame that comes byte by byte is put together once, not at every byte", () => {
  const concat = vi.spyOn(Buffer, "concat");
  const bytes = masked(WEB_SOCKET_BINARY, Buffer.alloc(65_536), Buffer.from([1, 2, 3, 4]));
  concat.mockClear();
  const reader = new WebSocketFrameReader();
  let frames = 0;
  for (let at = 0; at < bytes.length; at += 1) frames += reader.push(bytes.subarray(at, at + 1)).length;
  expect(frames).toBe(1);
  // One for the head of two bytes, one for the length of eight, one for the whole frame.
  expect(concat.mock.calls.length).toBeLessThanOrEqual(3);
});

test("a frame says what it is", () => {
  expect(new WebSocketFrameReader().push(masked(WEB_SOCKET_PING, Buffer.from("?")))).toEqual([
    { opcode: WEB_SOCKET_PING, payload: Buffer.from("?") },
  ]);
});

test.each([
  ["without a mask", webSocketFrame(WEB_SOCKET_BINARY, Buffer.from("x"))],
  ["beyond every size", Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0])],
])("a frame %s ends the connection", (_what, bytes) => {
  expect(() => new WebSocketFrameReader().push(bytes)).toThrow(WebSocketProtocolError);
});
