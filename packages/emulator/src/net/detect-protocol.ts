/** The protocol of a connection, detected from its first bytes. */
export type WireProtocol = "amqp" | "tls" | "http";

/** The protocol is certain after at most this many bytes. */
const DECIDING_BYTES = 4;

const AMQP_HEADER = Buffer.from("AMQP");
const TLS_HANDSHAKE = 0x16;
const FIRST_CAPITAL = 0x41;
const LAST_CAPITAL = 0x5a;

/** Returns undefined while several protocols are still possible, and "unknown" once none is. */
export function detectProtocol(bytes: Buffer): WireProtocol | "unknown" | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  if (first === TLS_HANDSHAKE) return "tls";
  const seen = Math.min(bytes.length, DECIDING_BYTES);
  if (AMQP_HEADER.compare(bytes, 0, seen, 0, seen) === 0) return seen === DECIDING_BYTES ? "amqp" : undefined;
  // HTTP methods are upper case: https://www.rfc-editor.org/rfc/rfc9110#section-9 (2026-11-29)
  return first >= FIRST_CAPITAL && first <= LAST_CAPITAL ? "http" : "unknown";
}
