import type {
  Consumer,
  ConsumerHandle,
  Delivery,
  MessageView,
  ReceiveMode,
  SessionHandle,
} from "../../src/fronts/service-bus/engine/contract.ts";
import type { EngineError } from "../../src/fronts/service-bus/engine/engine-error.ts";
import type {
  ApplicationProperties,
  ContentChanges,
  MessageContent,
  MessageProperties,
  PropertyValue,
} from "../../src/fronts/service-bus/engine/message-content.ts";
import { ServiceBusNamespace } from "../../src/fronts/service-bus/engine/namespace.ts";
import type { VirtualClock } from "../../src/time/engine-clock.ts";
import { manualClock } from "./manual-engine.ts";

/** A message content without an encoding. */
export class PlainContent implements MessageContent {
  readonly sizeBytes: number;
  readonly headerBytes: number;
  readonly properties: MessageProperties;
  readonly applicationProperties: ApplicationProperties;

  constructor(
    sizeBytes: number,
    headerBytes: number,
    properties: MessageProperties,
    applicationProperties: ApplicationProperties,
  ) {
    this.sizeBytes = sizeBytes;
    this.headerBytes = headerBytes;
    this.properties = properties;
    this.applicationProperties = applicationProperties;
  }

  with({ properties, applicationProperties }: ContentChanges): PlainContent {
    return new PlainContent(
      this.sizeBytes,
      this.headerBytes,
      { ...this.properties, ...properties },
      applicationProperties ?? this.applicationProperties,
    );
  }
}

export interface ContentOptions extends Partial<MessageProperties> {
  readonly sizeBytes?: number;
  readonly headerBytes?: number;
  readonly user?: Readonly<Record<string, PropertyValue>>;
}

/** A message with this id, and nothing else unless given. */
export function sbContent(messageId: string, options: ContentOptions = {}): PlainContent {
  const { sizeBytes = 100, headerBytes = 50, user = {}, ...properties } = options;
  return new PlainContent(
    sizeBytes,
    headerBytes,
    {
      messageId,
      correlationId: undefined,
      to: undefined,
      replyTo: undefined,
      subject: undefined,
      contentType: undefined,
      sessionId: undefined,
      replyToSessionId: undefined,
      partitionKey: undefined,
      timeToLiveMs: undefined,
      scheduledAtMs: undefined,
      ...properties,
    },
    new Map(Object.entries(user)),
  );
}

export const text = (value: string): PropertyValue => ({ type: "string", value });
export const int = (value: number): PropertyValue => ({ type: "int", value });
export const real = (value: number): PropertyValue => ({ type: "double", value });
export const bool = (value: boolean): PropertyValue => ({ type: "boolean", value });
export const nothing: PropertyValue = { type: "null", value: null };

/** A namespace on a clock that stands still. */
export function manualNamespace(): { readonly namespace: ServiceBusNamespace; readonly clock: VirtualClock } {
  const clock = manualClock();
  return { clock, namespace: new ServiceBusNamespace({ name: "test", clock }) };
}

/** A receiver with as much credit as a test gives it. It settles nothing by itself. */
export class TestConsumer implements Consumer {
  readonly mode: ReceiveMode;
  readonly deliveries: Delivery[] = [];
  credit: number;
  ended: EngineError | undefined;
  #handle: ConsumerHandle | undefined;

  constructor(credit: number, mode: ReceiveMode = "peekLock") {
    this.credit = credit;
    this.mode = mode;
  }

  /** Ids of the messages received, in order. */
  get ids(): string[] {
    return this.deliveries.map(({ message }) => message.content.properties.messageId);
  }

  get last(): Delivery {
    const delivery = this.deliveries.at(-1);
    if (delivery === undefined) throw new Error("Nothing was delivered.");
    return delivery;
  }

  get lastToken(): string {
    return tokenOf(this.last);
  }

  attachTo(source: { attach(consumer: Consumer): ConsumerHandle }): this {
    this.#handle = source.attach(this);
    return this;
  }

  hasRoom(): boolean {
    return this.credit > 0;
  }

  deliver(delivery: Delivery): void {
    this.credit -= 1;
    this.deliveries.push(delivery);
  }

  end(error: EngineError): void {
    this.ended = error;
  }

  give(credit: number): void {
    this.credit += credit;
    this.#handle?.roomMade();
  }

  close(): void {
    this.#handle?.close();
  }
}

export function tokenOf({ lockToken }: Delivery): string {
  if (lockToken === undefined) throw new Error("The delivery has no lock.");
  return lockToken;
}

export function idsOf(messages: readonly MessageView[]): string[] {
  return messages.map(({ content }) => content.properties.messageId);
}

/** Returns the value of a message's application property, or undefined. */
export function userProperty(message: MessageView, name: string): PropertyValue["value"] | undefined {
  return message.content.applicationProperties.get(name)?.value;
}

/** Waits for any session and remembers the result. */
export class TestSessionWaiter {
  session: SessionHandle | undefined;
  error: EngineError | undefined;

  granted(session: SessionHandle): void {
    this.session = session;
  }

  failed(error: EngineError): void {
    this.error = error;
  }
}
