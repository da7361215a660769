import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { field } from "./field.ts";
import type { Done } from "./service-bus-handle.ts";
import { LAST_EXPIRY_MS } from "./service-bus-limits.ts";
import type { ReadableMessage } from "./service-bus-wire.ts";

// Not imported: an import reads every export and so loads the module's lazy parts, 1.6 ms of a start.
const { inspect, isDeepStrictEqual } = process.getBuiltinModule("node:util");

/** The part of rhea's delivery that is used here. */
export interface RawDelivery {
  readonly id: number;
  readonly link: { readonly name: string };
  readonly remote_settled: boolean;
  readonly remote_state?:
    | { readonly error?: { readonly condition?: string; readonly description?: string } }
    | undefined;
  accept(): void;
}

/** rhea's decoded message. */
interface RawMessage {
  readonly body?: unknown;
  readonly message_id?: ServiceBusReceivedMessage["messageId"] | null;
  readonly correlation_id?: ServiceBusReceivedMessage["correlationId"] | null;
  readonly content_type?: string | null;
  readonly group_id?: string | null;
  readonly reply_to?: string | null;
  readonly subject?: string | null;
  readonly delivery_count?: number;
  readonly ttl?: number | null;
  readonly creation_time?: Date | null;
  readonly absolute_expiry_time?: Date | null;
  readonly application_properties?: ServiceBusReceivedMessage["applicationProperties"] | null;
  readonly message_annotations?: Readonly<Record<string, unknown>> | null;
}

export interface RawContext {
  readonly message: RawMessage;
  readonly delivery: RawDelivery;
}

/** Makes the message that the SDK itself would make. */
export type MakeMessage = (context: RawContext) => ServiceBusReceivedMessage;

type SdkMessage = new (
  message: RawMessage,
  delivery: RawDelivery,
  reordersLockToken: boolean,
  receiveMode: "peekLock",
  skipsParsingBodyAsJson: boolean,
  skipsConvertingDate: boolean,
) => ServiceBusReceivedMessage;

interface Stream {
  accept(delivery: RawDelivery, done: Done): boolean;
  readonly freeSlot: () => void;
}

/** A message read in place, as it arrived. Makes the SDK's own object of it only if somebody needs that. */
export class LeanMessage implements ReadableMessage {
  readonly #context: RawContext;
  readonly #make: MakeMessage;
  readonly #stream: Stream | undefined;
  #full: ServiceBusReceivedMessage | undefined;

  constructor(context: RawContext, make: MakeMessage, stream?: Stream) {
    this.#context = context;
    this.#make = make;
    this.#stream = stream;
  }

  /**
   * @param message what the SDK made of `context`
   * @returns undefined if the same constructor makes another message, or if the values read here differ
   */
  static makerOf(message: ServiceBusReceivedMessage, context: RawContext): MakeMessage | undefined {
    const Sdk = message.constructor as SdkMessage;
    const make: MakeMessage = (raw) => new Sdk(raw.message, raw.delivery, true, "peekLock", true, true);
    try {
      const lean = new LeanMessage(context, make);
      const isMadeAlike = SHOWN.every((name) => isDeepStrictEqual(lean.full[name], message[name]));
      const isReadAlike = READ.every((name) => isDeepStrictEqual(lean[name], message[name]));
      const isNumberedAlike = String(lean.sequenceNumber) === String(message.sequenceNumber);
      return isMadeAlike && isReadAlike && isNumberedAlike ? make : undefined;
    } catch {
      return undefined;
    }
  }

  get delivery(): RawDelivery {
    return this.#context.delivery;
  }

  /** The SDK's own object. */
  get full(): ServiceBusReceivedMessage {
    this.#full ??= this.#make(this.#context);
    return this.#full;
  }

  /** For logs: Node shows what is behind a proxy, and calls this method on the proxy. */
  [inspect.custom](): object {
    return Object.assign(Object.create(Object.getPrototypeOf(this) as object) as object, this);
  }

  /** Completes it and calls `done` once. On false it never does: only the SDK can complete it now. */
  accept(done: Done): boolean {
    return this.#stream?.accept(this.#context.delivery, done) ?? false;
  }

  get freeSlot(): () => void {
    return this.#stream?.freeSlot ?? (() => {});
  }

  get body(): unknown {
    const { body } = this.#context.message;
    return isSection(body) ? body.content : body;
  }

  get messageId(): ServiceBusReceivedMessage["messageId"] {
    return this.#context.message.message_id ?? undefined;
  }

  get correlationId(): ServiceBusReceivedMessage["correlationId"] {
    return this.#context.message.correlation_id ?? undefined;
  }

  get contentType(): string | undefined {
    return this.#context.message.content_type ?? undefined;
  }

  get sessionId(): string | undefined {
    return this.#context.message.group_id ?? undefined;
  }

  get replyTo(): string | undefined {
    return this.#context.message.reply_to ?? undefined;
  }

  get subject(): string | undefined {
    return this.#context.message.subject ?? undefined;
  }

  get deliveryCount(): number | undefined {
    return this.#context.message.delivery_count;
  }

  /** The header has room for 49 days; the two times hold the full value. */
  get timeToLive(): number | undefined {
    const { ttl, creation_time: created, absolute_expiry_time: expires } = this.#context.message;
    if (!created || !expires) return ttl || undefined;
    return Math.min(expires.getTime(), LAST_EXPIRY_MS) - created.getTime() || undefined;
  }

  get applicationProperties(): ServiceBusReceivedMessage["applicationProperties"] {
    return this.#context.message.application_properties ?? undefined;
  }

  get sequenceNumber(): number | bigint | undefined {
    const value = this.#annotation("x-opt-sequence-number");
    if (typeof value === "number") return value;
    return Buffer.isBuffer(value) ? value.readBigInt64BE() : undefined;
  }

  get enqueuedTimeUtc(): Date | undefined {
    return dateOf(this.#annotation("x-opt-enqueued-time"));
  }

  get lockedUntilUtc(): Date | undefined {
    return dateOf(this.#annotation("x-opt-locked-until"));
  }

  get deadLetterSource(): string | undefined {
    const source = this.#annotation("x-opt-deadletter-source");
    return typeof source === "string" ? source : undefined;
  }

  get deadLetterReason(): string | undefined {
    return this.applicationProperties?.["DeadLetterReason"] as string | undefined;
  }

  get deadLetterErrorDescription(): string | undefined {
    return this.applicationProperties?.["DeadLetterErrorDescription"] as string | undefined;
  }

  #annotation(name: string): unknown {
    return this.#context.message.message_annotations?.[name];
  }
}

/** Compared for the first message: the values read here, and those that the SDK settles by. */
const READ = [
  "body",
  "messageId",
  "correlationId",
  "contentType",
  "sessionId",
  "replyTo",
  "subject",
  "deliveryCount",
  "applicationProperties",
  "enqueuedTimeUtc",
  "lockedUntilUtc",
  "deadLetterSource",
  "deadLetterReason",
  "deadLetterErrorDescription",
] as const;
const SHOWN = [...READ, "lockToken", "state", "partitionKey", "to"] as const;

/** Typecodes with which rhea marks data, sequence and value sections, and no map that somebody sent. */
const SECTIONS: readonly unknown[] = [0x75, 0x76, 0x77];

function isSection(body: unknown): body is { readonly content: unknown } {
  return SECTIONS.includes(field(body, "typecode"));
}

function dateOf(value: unknown): Date | undefined {
  if (value instanceof Date) return value;
  return typeof value === "number" ? new Date(value) : undefined;
}

/** Stands for the SDK's own object and makes it on first use: few look, and it costs a fifth of a message. */
export function lazily(message: LeanMessage): object {
  return new Proxy(message, FULL);
}

const FULL: ProxyHandler<LeanMessage> = {
  get: (message, name) => Reflect.get(message.full, name) as unknown,
  set: (message, name, value) => Reflect.set(message.full, name, value),
  has: (message, name) => Reflect.has(message.full, name),
  ownKeys: (message) => Reflect.ownKeys(message.full),
  getOwnPropertyDescriptor: (message, name) => Reflect.getOwnPropertyDescriptor(message.full, name),
  getPrototypeOf: (message) => Reflect.getPrototypeOf(message.full),
  defineProperty: (message, name, descriptor) => Reflect.defineProperty(message.full, name, descriptor),
  deleteProperty: (message, name) => Reflect.deleteProperty(message.full, name),
};
