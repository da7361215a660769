import type { InvokeMessage, TriggerBinding, TypedData } from "./worker-messages.ts";

/** The parts of a message that the trigger passes on. */
export interface TriggerMessage extends MessageFacts {
  readonly body: Uint8Array;
}

/** What is told about a message beside its body. */
export interface MessageFacts {
  /** 1 on the first delivery, as the host counts. */
  readonly attempt: number;
  /** The vendor SDK's message. */
  readonly native: unknown;
}

/** A trigger's data for one message (cardinality "one") or a whole batch ("many"). */
export function triggerData(
  binding: TriggerBinding,
  messages: readonly TriggerMessage[],
): Pick<InvokeMessage, "inputData" | "triggerMetadata"> {
  const isBinary = isSet(binding, "dataType", "binary");
  const bodies = messages.map(({ body }) => body);
  const data = isManyOf(binding) ? bodiesData(bodies, isBinary) : bodyData(bodies[0], isBinary);
  const told = metadataFor(binding, messages);
  const triggerMetadata = "string" in data ? { ...told, ...membersOf(data.string, Object.keys(told)) } : told;
  return { inputData: [{ name: binding.name, data }], triggerMetadata };
}

/**
 * The members that the host takes from a body that is a JSON object, even over the message's own.
 * Utility.ApplyBindingData of https://github.com/Azure/azure-functions-host (2026-11-30)
 */
function membersOf(text: string, told: readonly string[]): Readonly<Record<string, TypedData>> {
  const body = jsonOf(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return {};
  const members = Object.entries(body).filter(([, value]) => value !== null && !Array.isArray(value));
  return Object.fromEntries(
    members.map(([name, value]) => {
      const known = told.find((each) => each.toLowerCase() === name.toLowerCase());
      return [known ?? name, memberData(value)];
    }),
  );
}

/** A JSON value as .NET converts it to a string. */
function memberData(value: unknown): TypedData {
  if (typeof value === "string") return { string: value };
  if (typeof value === "boolean") return { string: value ? "True" : "False" };
  const json = JSON.stringify(value);
  return typeof value === "object" ? { json } : { string: json };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What a trigger tells about its messages beside their bodies. */
export function metadataFor(
  binding: TriggerBinding,
  messages: readonly MessageFacts[],
): InvokeMessage["triggerMetadata"] {
  return isManyOf(binding) ? metadataOfMany(messages) : metadataOfOne(messages[0]);
}

export function isManyOf(binding: TriggerBinding): boolean {
  return isSet(binding, "cardinality", "many");
}

/** The host compares values without regard to case. */
function isSet({ properties }: TriggerBinding, name: string, value: string): boolean {
  const given = properties[name];
  return typeof given === "string" && given.toLowerCase() === value;
}

function bodyData(body: Uint8Array = new Uint8Array(), isBinary: boolean): TypedData {
  return isBinary ? { bytes: body } : { string: textOf(body) };
}

function bodiesData(bodies: readonly Uint8Array[], isBinary: boolean): TypedData {
  if (isBinary) return { collectionBytes: { bytes: bodies } };
  return { collectionString: { string: bodies.map(textOf) } };
}

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

function metadataOfOne(message: MessageFacts | undefined): Readonly<Record<string, TypedData>> {
  if (message === undefined) return {};
  const given = Object.entries(metadata(message)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, typed(value)]));
}

/** A batch has an array of each field, in the order of its messages. */
function metadataOfMany(messages: readonly MessageFacts[]): Readonly<Record<string, TypedData>> {
  const all = messages.map(metadata);
  const names = new Set(all.flatMap((each) => Object.keys(each)));
  return Object.fromEntries(
    [...names].map((name) => [
      name === "ApplicationProperties" || name === "UserProperties" ? name : `${name}Array`,
      { json: JSON.stringify(all.map((each) => each[name] ?? null)) },
    ]),
  );
}

// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger#message-metadata (2026-11-29)
function metadata({ attempt, native }: MessageFacts): Readonly<Record<string, unknown>> {
  const of = (name: string): unknown =>
    typeof native === "object" && native !== null ? Reflect.get(native, name) : undefined;
  const properties = of("applicationProperties") ?? {};
  return {
    MessageId: of("messageId"),
    DeliveryCount: attempt,
    EnqueuedTimeUtc: dateOf(of("enqueuedTimeUtc")),
    ExpiresAtUtc: dateOf(of("expiresAtUtc")),
    LockToken: of("lockToken"),
    SequenceNumber: numberOf(of("sequenceNumber")),
    SessionId: of("sessionId"),
    CorrelationId: of("correlationId"),
    ContentType: of("contentType"),
    Subject: of("subject"),
    Label: of("subject"),
    ReplyTo: of("replyTo"),
    To: of("to"),
    PartitionKey: of("partitionKey"),
    DeadLetterSource: of("deadLetterSource"),
    ApplicationProperties: properties,
    UserProperties: properties,
  };
}

function dateOf(value: unknown): string | undefined {
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
}

/** The SDK represents 64-bit numbers as objects. */
function numberOf(value: unknown): number | undefined {
  const number = Number(value);
  return value === undefined || Number.isNaN(number) ? undefined : number;
}

function typed(value: unknown): TypedData {
  if (typeof value === "string") return { string: value };
  return Number.isSafeInteger(value) ? { int: Number(value) } : { json: JSON.stringify(value) };
}
