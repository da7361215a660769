import { hash } from "node:crypto";
import type { MessageAttributes } from "./stored-message.ts";

const STRING_KIND = Buffer.of(1);
const BINARY_KIND = Buffer.of(2);
const LENGTH_BYTES = 4;

export function md5OfText(text: string): string {
  return hash("md5", text);
}

export function sha256OfText(text: string): string {
  return hash("sha256", text);
}

/**
 * Digest of attributes as clients recompute it, or undefined if there are none. It covers the attributes in
 * the order of their names. Each one contributes length and bytes of its name and type, one byte for the kind
 * of value, and length and bytes of the value.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation (2026-11-24)
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  if (attributes.size === 0) return undefined;
  const parts: Uint8Array[] = [];
  for (const name of [...attributes.keys()].toSorted()) {
    const attribute = attributes.get(name);
    if (attribute === undefined) continue;
    const { binaryValue, stringValue = "", dataType } = attribute;
    parts.push(withLength(name), withLength(dataType));
    if (binaryValue === undefined) parts.push(STRING_KIND, withLength(stringValue));
    else parts.push(BINARY_KIND, lengthOf(binaryValue.length), binaryValue);
  }
  return hash("md5", Buffer.concat(parts));
}

function withLength(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + length);
  bytes.writeUInt32BE(length);
  bytes.write(text, LENGTH_BYTES);
  return bytes;
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES);
  bytes.writeUInt32BE(length);
  return bytes;
}
