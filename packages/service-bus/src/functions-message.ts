import { systemClock, type Delivery } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type {
  FunctionsContext,
  FunctionsHandle,
  FunctionsTrigger,
  InvocationForm,
  ServiceBusActions,
} from "./functions-wire.ts";
import { invalid } from "./refusal.ts";
import { decodeMessage } from "./service-bus-wire.ts";
import { UnreadableBody } from "./unreadable-body.ts";
import { isRecord, type MessageMetadata } from "./trigger-metadata.ts";

/** One message of a call. */
export interface MessageParts {
  /** The body as the function got it: bytes, a text, a text parsed as JSON, or a message of the SDK. */
  readonly body: unknown;
  readonly metadata: MessageMetadata;
  readonly context: FunctionsContext;
  readonly trigger: FunctionsTrigger;
  readonly index: number;
  readonly form: InvocationForm;
}

/** rhea's typecode of a data section. */
const DATA_SECTION = 0x75;
const BINARY = "application/octet-stream";
const IS_TEXT = /^text\/|[/+]json\b|[/+]xml\b/i;
const IS_JSON = /[/+]json\b/i;
const REPLACED = "\uFFFD";
const DEAD_REASON = "DeadLetterReason";
const DEAD_DESCRIPTION = "DeadLetterErrorDescription";

/** Reads a message of the default binding from its body and its metadata. */
export function defaultDelivery(parts: MessageParts): Delivery<FunctionsHandle> {
  const { body, metadata, context } = parts;
  const { contentType, enqueuedAtMs, expiresAtMs } = metadata;
  const message = {
    ...metadata,
    body: bodyOf(body, contentType),
    ...(enqueuedAtMs !== undefined && { enqueuedTimeUtc: new Date(enqueuedAtMs) }),
    ...(enqueuedAtMs !== undefined &&
      expiresAtMs !== undefined && { timeToLive: Math.max(0, expiresAtMs - enqueuedAtMs) }),
    ...deadReasonOf(metadata),
  };
  return deliveryOf(parts, message, { context, message: body }, undefined);
}

/** Reads a message of the SDK binding; takes what the preview gets wrong from the raw message or metadata. */
export function sdkDelivery(parts: MessageParts, actions: ServiceBusActions): Delivery<FunctionsHandle> {
  const { context, index } = parts;
  if (!isRecord(parts.body)) throw invalid(`message ${index} of the call is not an object`, UPDATE);
  const message = parts.body as unknown as ServiceBusReceivedMessage;
  const raw = recordOf(parts.body["_rawAmqpMessage"]);
  const annotations = recordOf(raw["messageAnnotations"]);
  const sequenceNumber = digitsOf(annotations["x-opt-sequence-number"]) ?? parts.metadata.sequenceNumber;
  const enqueuedTimeUtc = dateOf(annotations["x-opt-enqueued-time"]) ?? dateOf(message.enqueuedTimeUtc);
  const source = annotations["x-opt-deadletter-source"];
  // .NET adds one on receipt and the preview passes that on. If not, one try more is better than one less.
  const deliveryCount = parts.metadata.deliveryCount ?? Math.max(1, message.deliveryCount ?? 1);
  const whole = {
    ...message,
    body: dataOf(raw["body"]) ?? message.body,
    sequenceNumber,
    deliveryCount,
    enqueuedTimeUtc,
    ...(typeof source === "string" && { deadLetterSource: source }),
  };
  return deliveryOf(parts, whole, { context, message }, { message, actions });
}

const UPDATE = "Use a version of @azure/functions-extensions-servicebus from 0.2.0-preview.";

interface KnownMessage extends Partial<
  Omit<ServiceBusReceivedMessage, "body" | "enqueuedTimeUtc" | "sequenceNumber" | "_rawAmqpMessage">
> {
  readonly body: unknown;
  readonly enqueuedTimeUtc?: Date | undefined;
  readonly sequenceNumber?: string | undefined;
  readonly properties?: Readonly<Record<string, unknown>>;
}

function deliveryOf(
  { metadata, trigger, form }: MessageParts,
  message: KnownMessage,
  native: FunctionsHandle["native"],
  sdk: FunctionsHandle["sdk"],
): Delivery<FunctionsHandle> {
  const { sequenceNumber, deliveryCount } = message;
  const lockToken = message.lockToken ?? metadata.lockToken;
  const sessionId = trigger.hasSessions === false ? undefined : message.sessionId;
  // A message id is no identity. Without a sequence number, only the lock of this delivery identifies it.
  const providerId = sequenceNumber ?? `lock:${lockToken ?? crypto.randomUUID()}`;
  const countedAs = `${trigger.connection ?? ""} ${trigger.entity ?? ""} ${providerId}`;
  const handle: FunctionsHandle = {
    native,
    sdk,
    sessionId,
    sequenceNumber,
    countedAs,
    settledAs: undefined,
  };
  const decoded = decodeMessage(
    { applicationProperties: message.properties, ...message } as unknown as ServiceBusReceivedMessage,
    handle,
    {
      isOrdered: false,
      isDeduplicated: false,
      isDeadLetter: message.deadLetterSource !== undefined,
      clock: systemClock,
    },
  );
  const { deliveryCount: _, ...rest } = decoded;
  return {
    ...rest,
    id: decoded.id === "" ? providerId : decoded.id,
    providerId,
    native,
    ...(deliveryCount !== undefined && {
      deliveryCount: Math.max(1, deliveryCount - form.handBacks.of(countedAs)),
    }),
    ...(sessionId !== undefined && { leaseKey: sessionId }),
    leaseMs: form.lockMs ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * The host decodes a body as UTF-8 and @azure/functions tries it as JSON, unless dataType is "binary".
 * @throws INVALID_ARGUMENT for bytes that came as text: they cannot be restored
 */
function bodyOf(body: unknown, contentType: string | undefined): unknown {
  if (body instanceof Uint8Array || body === undefined) return body;
  const isText = contentType === undefined || IS_TEXT.test(contentType);
  if (contentType === BINARY || (typeof body === "string" && body.includes(REPLACED) && !isText)) {
    throw invalid(
      "a binary body came as text",
      'Give the trigger dataType: "binary" (with app.generic), or use the SDK binding.',
    );
  }
  if (typeof body !== "string") return jsonBytesOf(body);
  return Buffer.from(contentType !== undefined && IS_JSON.test(contentType) ? jsonOf(body) : body);
}

/** JSON is parsed to any depth, and written to some thousand: one such message must not fail its call. */
function jsonBytesOf(body: unknown): Buffer | UnreadableBody {
  try {
    return Buffer.from(JSON.stringify(body));
  } catch {
    return new UnreadableBody(Buffer.alloc(0));
  }
}

/** Turns a text that was parsed from JSON back into JSON; leaves any other for the codec to refuse. */
function jsonOf(text: string): string {
  return isJson(text) || !/^\s*["[{]/.test(text) ? JSON.stringify(text) : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @azure/functions makes the first letter of every name small, even of the service's own names. */
function deadReasonOf({ deadLetterSource, properties }: MessageMetadata): object {
  if (deadLetterSource === undefined) return {};
  const kept = { ...properties };
  const take = (name: string): unknown => {
    const small = name.charAt(0).toLowerCase() + name.slice(1);
    const value = kept[name] ?? kept[small];
    delete kept[name];
    delete kept[small];
    return value;
  };
  return {
    deadLetterReason: take(DEAD_REASON),
    deadLetterErrorDescription: take(DEAD_DESCRIPTION),
    properties: kept,
  };
}

/** The preview decodes every data section as UTF-8: only the raw message has the bytes. */
function dataOf(section: unknown): Uint8Array | undefined {
  const { typecode, content } = recordOf(section);
  if (typecode !== DATA_SECTION) return undefined;
  if (content instanceof Uint8Array) return content;
  const isParts = Array.isArray(content) && content.every((part) => part instanceof Uint8Array);
  return isParts ? Buffer.concat(content) : undefined;
}

/** rhea keeps a number that is too large for JavaScript as its eight bytes. */
function digitsOf(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  const isLong = value instanceof Uint8Array && value.byteLength === 8;
  return isLong ? Buffer.from(value).readBigInt64BE().toString() : undefined;
}

function dateOf(value: unknown): Date | undefined {
  const date = value instanceof Date ? value : typeof value === "number" ? new Date(value) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
