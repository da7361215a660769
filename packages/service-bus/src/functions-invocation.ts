import type { InputOf, Source } from "@anyqueue/core";
import { systemClock, type OutgoingMessage } from "@anyqueue/core/adapter";
import { detailsOf, type DefinitionDetails } from "@anyqueue/core/testing";
import type { ServiceBusMessage, ServiceBusReceivedMessage } from "@azure/service-bus";
import type { FunctionsContext, ServiceBusActions } from "./functions-wire.ts";
import { encodeMessage } from "./service-bus-wire.ts";
import { standIns } from "./trigger-metadata.ts";

/** One message of a call to build. */
export interface FunctionsCallMessage<Body> {
  /** The body, as for `send`. */
  readonly body: Body;
  /** The application's id. @default the definition's `id` of the body, else "message-1" and so on */
  readonly id?: string | undefined;
  /** The application's attributes. @default none */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Which delivery of the message it is, from 1. @default 1 */
  readonly attempt?: number | undefined;
  /** The stored message's sequence number; equal numbers are one message. @default its place, from 1 */
  readonly sequenceNumber?: number | undefined;
}

/** How the function is registered, and when the messages were sent. */
export interface FunctionsCallOptions {
  /** Whether the function gets a message or a list. @default "one" for one message, else "many" */
  readonly cardinality?: "one" | "many" | undefined;
  /** `"sdk"`: as with `sdkBinding: true` and @azure/functions-extensions-servicebus. @default "default" */
  readonly binding?: "default" | "sdk" | undefined;
  /** The trigger's `dataType`, for the default binding: text (JSON is parsed) or bytes. @default "string" */
  readonly dataType?: "string" | "binary" | undefined;
  /** Name of the queue. @default the definition's */
  readonly queue?: string | undefined;
  /** When the messages were sent. @default 2026-01-01T00:00:00Z */
  readonly sentAt?: Date | undefined;
}

/** What the function did to a message through the SDK binding. */
export interface FunctionsSettlement {
  /** The application's id of the message. */
  readonly id: string;
  /** What was done to it. */
  readonly as: "completed" | "abandoned" | "dead-lettered" | "deferred";
  /** The reason for a dead letter. */
  readonly reason?: string;
}

/** A call as the host would make it, and what the function did. */
export interface FunctionsCall {
  /** What to call the function with: `await handler(...call.args)`. */
  readonly args: readonly [message: unknown, context: FunctionsContext];
  /** Settlements so far, in their order; only with the SDK binding. */
  readonly settled: readonly FunctionsSettlement[];
  /** Warnings that were written to the function's log. */
  readonly warnings: readonly string[];
}

/**
 * Builds the call that Azure Functions makes for these messages, for tests of a handler. The messages are
 * encoded as by `send`, and their metadata are as `@azure/functions` passes them on.
 *
 * @example
 * const handler = createHandler(orders, functionsEvents(), onOrder);
 * const call = functionsInvocation(orders, [{ body: { orderId: "o-1" }, attempt: 3 }]);
 * await handler(...call.args);
 *
 * @throws INVALID_ARGUMENT if it gets no definition; INVALID_MESSAGE if the codec cannot encode a body
 */
export function functionsInvocation<D extends Source>(
  definition: D,
  messages: readonly FunctionsCallMessage<InputOf<D>>[],
  options: FunctionsCallOptions = {},
): FunctionsCall {
  const { cardinality = messages.length === 1 ? "one" : "many", binding = "default" } = options;
  const details = detailsOf(definition);
  const built = messages.map((message, index) => builtMessage(details, message, index, options));
  const settled: FunctionsSettlement[] = [];
  const warnings: string[] = [];
  const inputs = built.map((message) => (binding === "sdk" ? sdkMessage(message) : bodyOf(message, options)));
  const input = cardinality === "many" ? inputs : inputs[0];
  const ofBody = cardinality === "one" && binding === "default" ? standIns(input) : [];
  const context: FunctionsContext = {
    invocationId: "00000000-0000-4000-8000-000000000000",
    triggerMetadata: {
      ...metadataOf(built, cardinality),
      ...Object.fromEntries(ofBody.map(([name, value]) => [smallFirst(name), value])),
    },
    options: { trigger: triggerOf(details, { ...options, cardinality, binding }) },
    warn: (...texts: readonly unknown[]) => void warnings.push(texts.join(" ")),
  };
  const message = binding === "sdk" ? { messages: input, actions: recordingActions(settled) } : input;
  return { args: [message, context], settled, warnings };
}

const SENT_AT_MS = Date.UTC(2026, 0, 1);

interface BuiltMessage {
  readonly native: ServiceBusMessage;
  readonly attempt: number;
  readonly sequenceNumber: number;
  readonly lockToken: string;
  readonly sentAt: Date;
}

function builtMessage(
  details: DefinitionDetails,
  message: FunctionsCallMessage<unknown>,
  index: number,
  { sentAt = new Date(SENT_AT_MS) }: FunctionsCallOptions,
): BuiltMessage {
  const isOrdered = hasSessions(details);
  const form = { isOrdered, isDeduplicated: false, isDeadLetter: false, clock: systemClock };
  return {
    native: encodeMessage(outgoingOf(details, message, index), form),
    attempt: message.attempt ?? 1,
    sequenceNumber: message.sequenceNumber ?? index + 1,
    lockToken: `10000000-0000-4000-8000-${String(index + 1).padStart(12, "0")}`,
    sentAt,
  };
}

function outgoingOf(
  { codec, id, orderingKey }: DefinitionDetails,
  message: FunctionsCallMessage<unknown>,
  index: number,
): OutgoingMessage {
  const { body, attributes = {} } = message;
  return {
    id: message.id ?? id?.(body) ?? `message-${index + 1}`,
    body: codec.encode(body),
    contentType: codec.contentType,
    attributes,
    ...(orderingKey === undefined ? {} : { orderingKey: orderingKey(body, attributes) }),
  };
}

function hasSessions({ needs }: DefinitionDetails): boolean {
  return needs.includes("ordering");
}

function triggerOf(
  details: DefinitionDetails,
  { queue, cardinality, binding }: FunctionsCallOptions,
): Readonly<Record<string, unknown>> {
  const { name, topic } = details;
  return {
    type: "serviceBusTrigger",
    name: "serviceBusTrigger0",
    connection: "SERVICE_BUS",
    ...(topic === undefined ? { queueName: queue ?? name } : { topicName: topic, subscriptionName: name }),
    isSessionsEnabled: hasSessions(details),
    cardinality,
    ...(binding === "sdk" && { sdkBinding: true, autoCompleteMessages: false }),
  };
}

function bodyOf({ native }: BuiltMessage, { dataType = "string" }: FunctionsCallOptions): unknown {
  const body = native.body as Buffer;
  return dataType === "binary" ? body : throughJson(body.toString());
}

/** Uses the host's names, with a small first letter as @azure/functions writes them; lists add `Array`. */
function metadataOf(
  messages: readonly BuiltMessage[],
  cardinality: "one" | "many",
): Readonly<Record<string, unknown>> {
  const each = messages.map((message) => singleMetadata(message));
  if (cardinality === "one") return each[0] ?? {};
  const names = [...new Set(each.flatMap((metadata) => Object.keys(metadata)))];
  return Object.fromEntries(
    names.map((name) => [
      `${name}Array`,
      // The host leaves out empty values.
      each.flatMap((metadata) => (metadata[name] === undefined ? [] : [metadata[name]])),
    ]),
  );
}

function singleMetadata({
  native,
  attempt,
  sequenceNumber,
  lockToken,
  sentAt,
}: BuiltMessage): Readonly<Record<string, unknown>> {
  const { messageId, contentType, correlationId, subject, replyTo, sessionId } = native;
  const texts = { messageId, contentType, correlationId, subject, replyTo, sessionId, label: subject };
  const told = Object.entries(texts).flatMap(([name, text]) =>
    typeof text === "string" ? [[name, throughJson(text)] as const] : [],
  );
  const properties = Object.fromEntries(
    Object.entries(native.applicationProperties ?? {}).map(([name, value]) => [smallFirst(name), value]),
  );
  return {
    ...Object.fromEntries(told),
    lockToken,
    sequenceNumber,
    deliveryCount: attempt,
    enqueuedTimeUtc: sentAt.toISOString(),
    expiresAtUtc: "9999-12-31T23:59:59.9999999Z",
    applicationProperties: properties,
    userProperties: properties,
  };
}

function sdkMessage({ native, attempt, sequenceNumber, lockToken, sentAt }: BuiltMessage): object {
  const body = native.body as Buffer;
  return {
    ...native,
    // Decoded as the preview decodes it.
    body: native.contentType === "application/json" ? throughJson(body.toString()) : body.toString(),
    deliveryCount: attempt,
    lockToken,
    state: "active",
    _rawAmqpMessage: {
      body: { typecode: 0x75, content: body },
      messageAnnotations: {
        "x-opt-sequence-number": sequenceNumber,
        "x-opt-enqueued-time": sentAt,
      },
    },
  };
}

function recordingActions(settled: FunctionsSettlement[]): ServiceBusActions {
  const settle = async (
    { messageId }: ServiceBusReceivedMessage,
    as: FunctionsSettlement["as"],
    reason?: string,
  ): Promise<void> => {
    settled.push({ id: String(messageId), as, ...(reason !== undefined && { reason }) });
  };
  return {
    complete: (message) => settle(message, "completed"),
    abandon: (message) => settle(message, "abandoned"),
    deadletter: (message, _properties, reason) => settle(message, "dead-lettered", reason),
    defer: (message) => settle(message, "deferred"),
    renewMessageLock: async () => {},
    setSessionState: async () => {},
    releaseSession: async () => {},
    renewSessionLock: async () => new Date(SENT_AT_MS),
  };
}

/** @azure/functions does this to every text. */
function throughJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function smallFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
