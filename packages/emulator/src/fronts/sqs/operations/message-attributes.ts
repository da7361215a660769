import type { MessageAttribute, MessageAttributes } from "../engine/stored-message.ts";
import type { OperationInput } from "../protocol/operation-input.ts";
import { sqsError } from "../sqs-errors.ts";
import {
  SQS_MAX_ATTRIBUTE_NAME_LENGTH,
  SQS_MAX_ATTRIBUTE_TYPE_LENGTH,
  SQS_MAX_MESSAGE_ATTRIBUTES,
} from "../sqs-limits.ts";
import { firstIllegalCharacter } from "./message-body.ts";

// Names and types:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
// (2026-11-24). The error texts were recorded from the service.
const NAME_CHARACTERS = /^[A-Za-z0-9_.-]+$/;
const RESERVED_PREFIX = /^(?:aws|amazon)\./i;
const MISPLACED_PERIOD = /^\.|\.$|\.\./;
const TYPE_PREFIX = /^(String|Number|Binary)(?:\..+)?$/;
const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** Reads and checks the `MessageAttributes` of a send. */
export function readMessageAttributes(input: OperationInput): MessageAttributes {
  const given = input.inputMap("MessageAttributes");
  if (given.size > SQS_MAX_MESSAGE_ATTRIBUTES) {
    throw invalid(
      `Number of message attributes [${given.size}] exceeds the allowed maximum [${SQS_MAX_MESSAGE_ATTRIBUTES}].`,
    );
  }
  const attributes = new Map<string, MessageAttribute>();
  for (const [name, value] of given) {
    checkName(name);
    attributes.set(name, readAttribute(name, value));
  }
  return attributes;
}

/** AWSTraceHeader is the only system attribute that can be sent. */
export function readTraceHeader(input: OperationInput): string | undefined {
  let header: string | undefined;
  for (const [name, value] of input.inputMap("MessageSystemAttributes")) {
    if (name !== "AWSTraceHeader") throw invalid(`Message system attribute name '${name}' is invalid.`);
    if (value.optionalText("DataType") !== "String") {
      throw invalid(
        `The type of message (system) attribute '${name}' is invalid. You must use only the following supported type prefixes: String.`,
      );
    }
    header = value.optionalText("StringValue");
    if (!header)
      throw invalid(`Message (system) attribute '${name}' must contain a non-empty value of type 'String'.`);
  }
  return header;
}

export function attributesSizeBytes(attributes: MessageAttributes): number {
  let size = 0;
  for (const [name, attribute] of attributes) {
    size += Buffer.byteLength(name) + Buffer.byteLength(attribute.dataType);
    size += attribute.binaryValue?.length ?? Buffer.byteLength(attribute.stringValue ?? "");
  }
  return size;
}

/** Returns the attributes that a receive requested: exact names, `All`, `.*`, or `prefix.*`. */
export function selectAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  if (names.length === 0 || attributes.size === 0) return new Map();
  if (names.some((name) => name === "All" || name === ".*")) return attributes;
  const prefixes = names.filter((name) => name.endsWith(".*")).map((name) => name.slice(0, -2));
  const isWanted = (name: string): boolean =>
    names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
  return new Map([...attributes].filter(([name]) => isWanted(name)));
}

function checkName(name: string): void {
  if (name === "") throw invalid("The request must contain non-empty message (user) attribute names.");
  if (name.length > SQS_MAX_ATTRIBUTE_NAME_LENGTH) {
    throw invalid(
      `Message (user) attribute name must be shorter than ${SQS_MAX_ATTRIBUTE_NAME_LENGTH} bytes.`,
    );
  }
  if (RESERVED_PREFIX.test(name)) {
    throw invalid(
      "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. These strings are reserved for internal use.",
    );
  }
  if (!NAME_CHARACTERS.test(name) || MISPLACED_PERIOD.test(name)) {
    throw invalid(
      `Invalid message (user) attribute name '${name}'. It can contain letters, digits, underscores, hyphens and single periods, and neither starts nor ends with a period.`,
    );
  }
}

function readAttribute(name: string, input: OperationInput): MessageAttribute {
  if (input.has("StringListValues") || input.has("BinaryListValues")) {
    throw invalid("Message attribute list values in SendMessage operation are not supported.");
  }
  const stringValue = input.optionalText("StringValue");
  const binaryText = input.optionalText("BinaryValue");
  const dataType = input.optionalText("DataType") ?? "";
  if (dataType === "" && stringValue === undefined && binaryText === undefined) {
    throw invalid(`The message (user) attribute '${name}' must contain a non-empty message attribute value.`);
  }
  if (dataType === "")
    throw invalid(`The message (user) attribute '${name}' must contain a non-empty message attribute type.`);
  if (dataType.length > SQS_MAX_ATTRIBUTE_TYPE_LENGTH) {
    throw invalid(
      `Message (user) attribute type must be shorter than ${SQS_MAX_ATTRIBUTE_TYPE_LENGTH} bytes.`,
    );
  }
  const prefix = TYPE_PREFIX.exec(dataType)?.[1];
  if (prefix === undefined) {
    throw invalid(
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  }
  if (prefix === "Binary")
    return { dataType, stringValue: undefined, binaryValue: readBinary(name, binaryText) };
  return { dataType, stringValue: readString(name, prefix, stringValue), binaryValue: undefined };
}

function readBinary(name: string, base64: string | undefined): Buffer {
  const bytes = Buffer.from(base64 ?? "", "base64");
  if (bytes.length === 0) {
    throw invalid(`Message (user) attribute '${name}' must contain a non-empty value of type 'Binary'.`);
  }
  return bytes;
}

function readString(name: string, prefix: string, value: string | undefined): string {
  if (value === undefined || value === "") {
    throw invalid(`Message (user) attribute '${name}' must contain a non-empty value of type 'String'.`);
  }
  if (prefix === "Number" && !NUMBER.test(value)) {
    throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  const illegal = firstIllegalCharacter(value);
  if (illegal !== undefined) {
    throw invalid(
      `Invalid binary character '${illegal}' was found in the value of message (user) attribute '${name}'.`,
    );
  }
  return value;
}

function invalid(message: string): Error {
  return sqsError("InvalidParameterValue", message);
}
