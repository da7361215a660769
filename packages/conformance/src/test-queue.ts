import {
  deadLetters,
  defineQueue,
  unchecked,
  type ConsumerOptions,
  type Feature,
  type QueueClient,
  type QueueConsumer,
  type QueueDefinition,
  type QueuePolicy,
  type QueueProducer,
  type SendOptions,
  type Sent,
} from "@anyqueue/core";
import type { CreatedQueue } from "./harness.ts";

/** The body of every message in the suite, so that a stray one is recognised. */
export interface Body {
  readonly run: string;
  readonly case: string;
  readonly seq: number;
  readonly key: string;
  readonly text?: string;
}

/** What a case requests of its queue. */
export interface QueueOptions extends QueuePolicy {
  readonly ordered?: boolean;
  readonly deduplicated?: boolean;
  /** Additional features that the definition needs. */
  readonly needs?: readonly Feature[];
  readonly emulate?: readonly Feature[];
  /** Deliveries after which the service itself dead-letters. */
  readonly maxDeliveries?: number;
  /** The key of numbered bodies. @default a key of its own for every message */
  readonly keyOf?: (seq: number) => string;
  /** The definition's `id`, which is also the deduplication id. */
  readonly id?: (body: Body) => string;
}

export type TestDefinition = QueueDefinition<Body, Body, Feature, Feature>;

/** One queue of one case, through the public API. */
export class TestQueue {
  /** The definition's name. */
  readonly name: string;
  /** The entity's own name at the provider. */
  readonly entity: string;
  readonly deadLetterEntity: string | undefined;
  readonly definition: TestDefinition;
  readonly options: QueueOptions;
  readonly #origin: Pick<Body, "run" | "case">;
  readonly #connect: () => QueueClient;
  #client: QueueClient | undefined;
  #nextSeq = 0;

  /** @param connect makes a client that knows this queue by its entity's name */
  constructor(
    name: string,
    created: CreatedQueue,
    options: QueueOptions,
    origin: Pick<Body, "run" | "case">,
    connect: (queue: TestQueue) => QueueClient,
  ) {
    this.name = name;
    this.entity = created.entity;
    this.deadLetterEntity = created.deadLetterEntity;
    this.options = options;
    this.#origin = origin;
    this.#connect = () => connect(this);
    this.definition = define(name, options);
  }

  /** The client of the case's own process, so to speak: the same one at every call. */
  get client(): QueueClient {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Another process's client. */
  otherClient(): QueueClient {
    return this.#connect();
  }

  producer(client: QueueClient = this.client): QueueProducer<Body, Feature> {
    return client.producer(this.definition);
  }

  consumer(options: ConsumerOptions = {}, client: QueueClient = this.client): QueueConsumer<Body> {
    return client.consumer(this.definition, options);
  }

  /** Reads dead letters as bytes. */
  deadLetterConsumer(client: QueueClient = this.client): QueueConsumer<Uint8Array> {
    return client.consumer(deadLetters(this.definition));
  }

  body(seq: number, extra: { readonly key?: string; readonly text?: string } = {}): Body {
    const key = extra.key ?? this.options.keyOf?.(seq) ?? `key-${seq}`;
    return { ...this.#origin, seq, key, ...(extra.text === undefined ? {} : { text: extra.text }) };
  }

  /** Sends the next `count` numbers with one `sendMany`; returns the results in order. */
  async send(count = 1, options: SendOptions<Feature> = {}): Promise<readonly Sent[]> {
    const first = this.#nextSeq;
    this.#nextSeq += count;
    const items = Array.from({ length: count }, (_, index) => ({
      ...options,
      body: this.body(first + index),
    }));
    return await this.producer().sendMany(items);
  }

  /** The next number, for a message that the case itself sends. */
  next(extra: { readonly key?: string; readonly text?: string } = {}): Body {
    const body = this.body(this.#nextSeq, extra);
    this.#nextSeq += 1;
    return body;
  }
}

function define(name: string, options: QueueOptions): TestDefinition {
  const needs: Feature[] = [...(options.needs ?? [])];
  if (options.deduplicated === true && !needs.includes("deduplication")) needs.push("deduplication");
  const shared = {
    schema: unchecked<Body>(),
    needs,
    emulate: [...(options.emulate ?? [])],
    id: options.id,
    retry: options.retry,
    lease: options.lease,
    deadLetter: options.deadLetter,
  };
  if (options.ordered !== true) return defineQueue(name, shared);
  return defineQueue(name, { ...shared, orderingKey: (body: Body) => body.key });
}
