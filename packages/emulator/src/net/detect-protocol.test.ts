import { expect, test } from "vitest";
import { detectProtocol } from "./detect-protocol.ts";

test.each([
  ["an AMQP header", "AMQP\u0003\u0001\u0000\u0000", "amqp"],
  ["a TLS hello", "\u0016\u0003\u0001", "tls"],
  ["one byte of a TLS hello", "\u0016", "tls"],
  ["GET", "GET / HTTP/1.1", "http"],
  ["PUT", "PUT /orders", "http"],
  ["a method that begins like AMQP", "ACL /", "http"],
  ["a method that differs in the last deciding byte", "AMQX /", "http"],
  ["something else", "\u0000\u0001\u0002\u0003", "unknown"],
  ["lower case", "get /", "unknown"],
  ["nothing yet", "", undefined],
  ["half an AMQP header", "AM", undefined],
  ["three quarters of an AMQP header", "AMQ", undefined],
])("%s is recognised", (_name, text, protocol) => {
  expect(detectProtocol(Buffer.from(text, "latin1"))).toBe(protocol);
});
