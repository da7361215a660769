import { hash } from "node:crypto";
import type { MessageAttributes } from "./stored-message.ts";

const TRANSPORT_STRING = 1;
const TRANSPORT_BINARY = 2;

export function md5OfText(text: string): string {
  return hash("md5", text);
}

export function sha256OfText(text: string): string {
  return hash("sha256", text);
}

/**
 * Digest of attributes as clients recompute it, undefined when there are none: names in order, and
 * for each the length and bytes of name and type, one byte for the kind of value, length and bytes
 * of the value.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation (2026-11-24)
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  if (attributes.size === 0) return undefined;
  const parts: Buffer[] = [];
  for (const name of [...attributes.keys()].toSorted()) {
    const attribute = attributes.get(name);
    if (attribute === undefined) continue;
    const isBinary = attribute.binaryValue !== undefined;
    const value = attribute.binaryValue ?? Buffer.from(attribute.stringValue ?? "");
    parts.push(...withLength(Buffer.from(name)), ...withLength(Buffer.from(attribute.dataType)));
    parts.push(Buffer.of(isBinary ? TRANSPORT_BINARY : TRANSPORT_STRING), ...withLength(value));
  }
  return hash("md5", Buffer.concat(parts));
}

function withLength(bytes: Buffer): [Buffer, Buffer] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}
