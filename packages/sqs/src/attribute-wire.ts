import { setOwn } from "@anyqueue/core/adapter";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";

const STRING = "String";
/** A data type, with or without a custom label from the sender. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html (2026-11-24) */
const SQS_TYPE = /^(?:String|Number|Binary)(?:\.|$)/;
const BINARY = "Binary";
/** No release of the SDK reads an attribute of this name, and the older ones (3.726.1) do not even write it. */
export const LOST_NAME = "__proto__";

/** Returns strings as is, numbers as text, binary as base64; `types` names all types but plain String. */
export function readAttributes(native: Readonly<Record<string, MessageAttributeValue | undefined>>): {
  readonly attributes: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, string>> | undefined;
  /** The name of an attribute that the SDK could not read. */
  readonly unread: string | undefined;
} {
  const attributes: Record<string, string> = {};
  let types: Record<string, string> | undefined;
  // Old releases (3.726.1) assign the value, which makes it the record's prototype.
  let unread = "DataType" in (Object.getPrototypeOf(native) ?? {}) ? LOST_NAME : undefined;
  for (const [name, value] of Object.entries(native)) {
    // New releases (3.1169.0) know the name, but no value.
    if (value === undefined) {
      unread = name;
      continue;
    }
    const { DataType = STRING, StringValue, BinaryValue } = value;
    setOwn(
      attributes,
      name,
      BinaryValue === undefined ? (StringValue ?? "") : Buffer.from(BinaryValue).toString("base64"),
    );
    if (DataType !== STRING) setOwn((types ??= {}), name, DataType);
  }
  return { attributes, types, unread };
}

/** Returns the type of a copied attribute; undefined for a plain string, or a type that SQS does not have. */
export function typeOf(types: Readonly<Record<string, string>>, name: string): string | undefined {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  return type !== undefined && SQS_TYPE.test(type) ? type : undefined;
}

/** Adds an attribute, without a type a string. Returns the bytes that SQS counts for it. */
export function addAttribute(
  attributes: Record<string, MessageAttributeValue>,
  name: string,
  text: string,
  DataType = STRING,
): number {
  const frameBytes = name.length + Buffer.byteLength(DataType);
  if (!DataType.startsWith(BINARY)) {
    setOwn(attributes, name, { DataType, StringValue: text });
    return frameBytes + Buffer.byteLength(text);
  }
  // The SDK writes bytes as base64; by `toJSON`, so does our copy of its request, plain JSON of the input.
  const BinaryValue = Object.assign(Buffer.from(text, "base64"), { toJSON: () => text });
  setOwn(attributes, name, { DataType, BinaryValue });
  return frameBytes + BinaryValue.byteLength;
}
