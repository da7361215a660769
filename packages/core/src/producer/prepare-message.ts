import type { Feature } from "../driver/capabilities.ts";
import type { OutgoingMessage } from "../driver/delivery.ts";
import type { ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { BrokenRule } from "../errors/broken-rule.ts";
import { kindOf } from "../errors/check-options.ts";
import { QueueError, queueError } from "../errors/queue-error.ts";
import { unheard } from "../errors/unheard.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { askSchema } from "../message/ask-schema.ts";
import { bytesOf, json, textFormOf, type TextForm } from "../message/codec.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { OutgoingDraft } from "../middleware/middleware.ts";
import type { SendOptions } from "../queue-producer.ts";
import {
  checkAttributes,
  checkDraft,
  checkKey,
  checkOptionNames,
  checkShortText,
  copyAttributes,
  ID_LIMITS,
  NO_ATTRIBUTES,
  type Refuse,
} from "./check-fields.ts";
import { checkRoundTrip } from "./check-round-trip.ts";
import { encodeBody, threw } from "./encode-body.ts";
import { newMessageId } from "./message-id.ts";
import { isPlainJson } from "./plain-json.ts";
import type { ProducerSetup } from "./producer-setup.ts";
import { sendPlace, type SendPlace } from "./send-place.ts";
import { AS_IT_IS, sendTiming, type SendTiming } from "./send-timing.ts";
import { TextMessage } from "./text-message.ts";

/** The parts of a message that can be made without waiting, copied from what the caller gave. */
export interface PreparedMessage extends Fields {
  readonly timing: SendTiming;
  readonly deduplicationId: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Rejects if an asynchronous schema refuses the body. */
  readonly verdict: Promise<void> | undefined;
}

/** The fields that a middleware may change. */
interface Fields {
  readonly id: string;
  /** If it is text, its bytes are made only when they are needed. */
  readonly body: Uint8Array | string;
  readonly contentType: string;
  readonly attributes: Record<string, string>;
  readonly orderingKey?: string | undefined;
}

/** Options with erased types; their values are checked here. */
type AnyOptions = { readonly [Key in keyof SendOptions<Feature>]: unknown };

/** Makes outgoing messages from bodies and options. Refuses what cannot be sent before any I/O. */
export class MessagePreparer {
  readonly #details: DefinitionDetails;
  readonly #target: Target;
  readonly #setup: ProducerSetup;
  readonly #driver: Pick<ProducerDriver, "sizeOf" | "takesText">;
  readonly #limitBytes: number;
  /** True once one body survived its round trip, which suffices for an application's own codec. */
  #isProven = false;
  readonly #emulated = new Set<Feature>();
  readonly #place: SendPlace;
  readonly #needsDeduplication: boolean;
  readonly #mayAddAttributes: boolean;
  /** Undefined if bodies are encoded to bytes at once. */
  readonly #text: TextForm | undefined;

  constructor(setup: ProducerSetup, driver: Pick<ProducerDriver, "sizeOf" | "takesText">) {
    const { maxMessageBytes, send } = setup.target.limits;
    this.#details = setup.details;
    this.#target = setup.target;
    this.#setup = setup;
    this.#driver = driver;
    this.#place = sendPlace(setup);
    this.#needsDeduplication = setup.details.needs.includes("deduplication");
    this.#mayAddAttributes = setup.middleware.some((middleware) => middleware.send !== undefined);
    // A middleware needs bytes.
    const staysText = driver.takesText === true && !this.#mayAddAttributes;
    this.#text = staysText ? textFormOf(setup.details.codec) : undefined;
    this.#limitBytes = Math.min(maxMessageBytes, send.maxBytes - send.overheadBytes);
  }

  /** @throws INVALID_MESSAGE, INVALID_ARGUMENT, UNSUPPORTED */
  prepare(body: unknown, options: AnyOptions = NO_OPTIONS): PreparedMessage {
    if (options !== NO_OPTIONS) this.#checkOptions(options);
    const { schema } = this.#details;
    const verdict =
      schema && unheard(askSchema(schema, body, "the body does not fit its schema", schemaThrew));
    // Read the caller's objects only before the first wait: the caller may change them afterwards.
    const attributes = this.#attributes(options.attributes);
    const id = this.#id(body, options.id);
    const limits = this.#target.limits.attributes;
    const encoded = encodeBody(this.#text ?? this.#details.codec, body);
    return {
      id,
      body: encoded,
      contentType: this.#details.codec.contentType,
      attributes,
      orderingKey: this.#orderingKey(body, attributes),
      timing: this.#timing(options),
      deduplicationId: this.#deduplicationId(id),
      correlationId: checkShortText("correlationId", options.correlationId, limits, this.#refuse),
      replyTo: checkShortText("replyTo", options.replyTo, limits, this.#refuse),
      // The message may be refused for another reason before this promise is awaited.
      verdict: unheard(this.#verdict(verdict, body, encoded)),
    };
  }

  /** Returns the draft that middleware gets. */
  draftOf({ id, body, contentType, attributes, orderingKey }: PreparedMessage): OutgoingDraft {
    const draft = { id, target: this.#target.name, body: bytesOf(body), contentType, attributes };
    return orderingKey === undefined ? draft : { ...draft, orderingKey };
  }

  /** Makes the message for the driver from the draft. @throws INVALID_ARGUMENT, MESSAGE_TOO_LARGE */
  finish(prepared: PreparedMessage, fields: Fields = prepared): OutgoingMessage {
    const { limits } = this.#target;
    if (fields !== prepared) checkDraft(fields, prepared, limits, this.#refuse);
    checkAttributes(fields.attributes, limits.attributes, this.#refuse);
    const { timing, correlationId, replyTo } = prepared;
    const { id, body, contentType, orderingKey } = fields;
    const deduplicationId = id === prepared.id ? prepared.deduplicationId : this.#deduplicationId(id);
    const attributes =
      timing.attributes === undefined ? fields.attributes : { ...fields.attributes, ...timing.attributes };
    const message: Writable<OutgoingMessage> =
      typeof body === "string"
        ? new TextMessage(id, body, contentType, attributes)
        : { id, body, contentType, attributes };
    if (orderingKey !== undefined) message.orderingKey = orderingKey;
    if (deduplicationId !== undefined) message.deduplicationId = deduplicationId;
    if (timing.deliverAtMs !== undefined) message.deliverAtMs = timing.deliverAtMs;
    if (timing.ttlMs !== undefined) message.ttlMs = timing.ttlMs;
    if (correlationId !== undefined) message.correlationId = correlationId;
    if (replyTo !== undefined) message.replyTo = replyTo;
    return message;
  }

  /** Returns the size of a finished message as the provider counts it. @throws MESSAGE_TOO_LARGE */
  measure(message: OutgoingMessage, { timing }: PreparedMessage): number {
    const sizeBytes = this.#checkedSize(message);
    if (timing.emulated !== undefined) for (const feature of timing.emulated) this.#reportEmulated(feature);
    return sizeBytes;
  }

  readonly #refuse: Refuse = (field, problem, remedy) =>
    new QueueError("INVALID_ARGUMENT", {
      what: `${field}: ${problem}`,
      remedy,
      ...this.#place,
    });

  #checkOptions(options: AnyOptions): void {
    if (typeof options !== "object" || options === null) {
      throw this.#refuse("options", `expected an object, got ${kindOf(options)}`);
    }
    checkOptionNames(options, this.#refuse);
    const { signal } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw this.#refuse("signal", `expected an AbortSignal, got ${kindOf(signal)}`);
    }
  }

  #attributes(given: unknown): Record<string, string> {
    const hasNone = given === undefined && !this.#mayAddAttributes;
    return hasNone ? NO_ATTRIBUTES : copyAttributes(given, this.#refuse);
  }

  #orderingKey(body: unknown, attributes: Record<string, string>): string | undefined {
    const { orderingKey } = this.#details;
    if (orderingKey === undefined) return undefined;
    const key = callFor("orderingKey", orderingKey, body, attributes);
    return checkKey("orderingKey", key, this.#target.limits.orderingKey, this.#refuse);
  }

  #id(body: unknown, given: unknown): string {
    if (given !== undefined) return checkKey("id", given, ID_LIMITS, this.#refuse);
    const { id } = this.#details;
    if (id === undefined) return newMessageId();
    return checkKey("id", callFor("id", id, body), ID_LIMITS, this.#refuse);
  }

  #timing(options: AnyOptions): SendTiming {
    if (options.delay === undefined && options.ttl === undefined) return AS_IT_IS;
    return sendTiming(options.delay, options.ttl, {
      capabilities: this.#target.capabilities,
      emulate: this.#details.emulate,
      wallNowMs: this.#setup.clock.wallNow(),
      place: this.#place,
      refuse: this.#refuse,
    });
  }

  #deduplicationId(id: string): string | undefined {
    const { limits, capabilities } = this.#target;
    if (this.#needsDeduplication) {
      return checkKey("id (as deduplication id)", id, limits.deduplicationId, this.#refuse);
    }
    // A token of this send: the service recognises a retry, but no other send with the same application id.
    return capabilities.deduplication === "window" ? newMessageId() : undefined;
  }

  /** The two checks of the body that may be asynchronous; undefined if neither is. */
  #verdict(
    verdict: ReturnType<typeof askSchema> | undefined,
    body: unknown,
    encoded: Uint8Array | string,
  ): Promise<void> | undefined {
    if (!(verdict instanceof Promise)) return this.#proveRoundTrip(body, encoded);
    return verdict.then(async () => await this.#proveRoundTrip(body, encoded));
  }

  #proveRoundTrip(body: unknown, encoded: Uint8Array | string): Promise<void> | undefined {
    const { codec, schema } = this.#details;
    if (this.#isProven && !this.#setup.checkEveryBody) {
      // With JSON, one proven body says nothing of the next: all but plain JSON is checked each time.
      if (codec !== json() || isPlainJson(body, "may leave out")) return undefined;
    }
    const proof = checkRoundTrip(body, encoded, codec, schema);
    if (proof === undefined) {
      this.#isProven = true;
      return undefined;
    }
    return proof.then(() => {
      this.#isProven = true;
    });
  }

  #checkedSize(message: OutgoingMessage): number {
    const sizeBytes = this.#driver.sizeOf(message);
    const limitBytes = this.#limitBytes;
    if (sizeBytes >= 0 && sizeBytes <= limitBytes) return sizeBytes;
    // A size of NaN would leave every later message waiting for room in the buffer.
    if (typeof sizeBytes !== "number" || !(sizeBytes >= 0)) throw this.#sizeless(sizeBytes);
    const what = `the message has ${sizeBytes} bytes with its attributes, the limit is ${limitBytes}`;
    throw queueError("MESSAGE_TOO_LARGE", { what, ...this.#place }, { sizeBytes, limitBytes });
  }

  #sizeless(size: unknown): QueueError {
    const { adapter, target } = this.#setup;
    const what = `sizeOf gave ${typeof size === "number" ? size : kindOf(unheard(size))}`;
    return wrapDriverError(adapter, target, "send", new BrokenRule("D7", what));
  }

  #reportEmulated(feature: Feature): void {
    if (this.#emulated.has(feature)) return;
    this.#emulated.add(feature);
    this.#setup.events.emit("emulated", { target: this.#target.name, feature });
  }
}

const NO_OPTIONS: AnyOptions = /* @__PURE__ */ Object.freeze({});

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Calls a function of the definition without a closure per message. */
function callFor<Args extends readonly unknown[]>(
  option: "id" | "orderingKey",
  call: (...args: Args) => unknown,
  ...args: Args
): unknown {
  try {
    return unheard(call(...args));
  } catch (error) {
    throw threw(`definition's ${option} function`, error);
  }
}

function schemaThrew(error: unknown): QueueError {
  return threw("schema", error);
}
