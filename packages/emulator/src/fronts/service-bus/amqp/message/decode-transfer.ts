import type { ToEngineTime } from "./message-fields.ts";
import { AmqpDecodeError, AmqpDecoder } from "../transport/amqp-decoder.ts";
import { SECTION, splitSections } from "./sections.ts";
import { decodeMessage, type WireMessage } from "./wire-message.ts";

// Format of a message whose data sections are messages. Seen on the wire with @azure/service-bus 7.9.5.
const BATCH_FORMAT = 0x80_01_37_00;

/**
 * Returns the messages of one transfer: one, or those of a batch, which may be empty. Throws
 * `AmqpDecodeError`.
 */
export function decodeTransfer(
  payload: Buffer,
  format: number,
  toEngineTime: ToEngineTime,
): readonly WireMessage[] {
  if (format !== BATCH_FORMAT) return [decodeMessage(payload, toEngineTime)];
  return splitSections(payload)
    .filter(({ code }) => code === SECTION.data)
    .map(({ valueBytes }) => decodeMessage(dataOf(valueBytes), toEngineTime));
}

function dataOf(valueBytes: Buffer): Buffer {
  const value = new AmqpDecoder(valueBytes).read();
  if (value.type !== "binary") throw new AmqpDecodeError("A batch contains something that is not a message.");
  return value.value;
}
