import type { Feature } from "../driver/capabilities.ts";
import { isRecord, kindOf, optionProblems, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { checkDefinition, nameProblems, UNCHECKED, overlay } from "./check-definition.ts";
import { POLICY } from "./check-policy.ts";
import { bytes, type Codec } from "./codec.ts";
import type { BareOptions, DefineOptions, Ordered, QueuePolicy } from "./define-options.ts";
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from "./standard-schema.ts";

declare const io: unique symbol;

/**
 * The members that all definitions share. The type parameters exist for the compiler only: what is sent, what
 * a handler gets, which features the provider must have, and which optional ones `send` may use.
 */
export interface Definition<Kind extends string, In, Out, Needs extends Feature, Uses extends Feature> {
  /** `"queue"`, `"topic"` or `"subscription"`; dead letters are a `"subscription"` too. */
  readonly kind: Kind;
  /** The application's name for it, 1 to 80 characters. The provider's has the prefix, or is configured. */
  readonly name: string;
  /** For the compiler only: never set. */
  readonly [io]?: [In, Out, Needs, Uses];
}

/* The defaults are `any` on purpose: `QueueDefinition` without arguments must accept every definition. */
/* oxlint-disable typescript/no-explicit-any */

/** A queue: what a producer sends to and a consumer reads from. Made by {@link defineQueue}. */
export interface QueueDefinition<
  In = any,
  Out = any,
  Needs extends Feature = any,
  Uses extends Feature = any,
> extends Definition<"queue", In, Out, Needs, Uses> {}

/** A topic: what a producer sends to; each of its subscriptions gets a copy. Made by {@link defineTopic}. */
export interface TopicDefinition<
  In = any,
  Out = any,
  Needs extends Feature = any,
  Uses extends Feature = any,
> extends Definition<"topic", In, Out, Needs, Uses> {
  /**
   * Defines one of its subscriptions, whose policy overrides the topic's member by member.
   *
   * @example
   * const billing = placed.subscription("billing", { retry: { attempts: 10 } });
   *
   * @param name 1 to 80 letters, digits, `_` and `-`, beginning with a letter or digit
   * @throws INVALID_ARGUMENT for an invalid name or policy
   */
  subscription(name: string, policy?: QueuePolicy): SubscriptionDefinition<Out, Needs>;
}

/** A subscription of a topic, or the dead letters of a queue or subscription: what a consumer reads from. */
export interface SubscriptionDefinition<Out = any, Needs extends Feature = any> extends Definition<
  "subscription",
  never,
  Out,
  Needs,
  never
> {
  /** Name of the topic's definition; for the dead letters of a queue, the queue's name. */
  readonly topic: string;
}

/** A definition from which a consumer can be made: a queue, a subscription or dead letters. */
export type Source<Out = any, Needs extends Feature = any> =
  | QueueDefinition<any, Out, Needs>
  | SubscriptionDefinition<Out, Needs>;

/** Any definition. */
export type AnyDefinition = Definition<string, any, any, any, any>;

/** The type of the bodies that `send` takes for a definition: `InputOf<typeof orders>`. */
export type InputOf<D> = D extends Definition<any, infer In, any, any, any> ? In : never;
/** The type of the bodies that a handler of a definition gets: `BodyOf<typeof orders>`. */
export type BodyOf<D> = D extends Definition<any, any, infer Out, any, any> ? Out : never;
/* oxlint-enable typescript/no-explicit-any */

type Made<Kind, In, Out, N extends Feature, U extends Feature> = Kind extends "queue"
  ? QueueDefinition<In, Out, N, U>
  : TopicDefinition<In, Out, N, U>;

/** The overloads of {@link defineQueue} and {@link defineTopic}: no schema, schema with ordering, schema. */
export interface Define<Kind extends "queue" | "topic"> {
  /** Without a schema: only the type, nothing is checked. @throws INVALID_ARGUMENT with every problem */
  <Body = unknown>(name: string, options?: BareOptions): Made<Kind, Body, Body, never, never>;
  /**
   * With a schema and an ordering key: messages of one key are handled in order. @throws INVALID_ARGUMENT
   * with every problem
   */
  <S extends StandardSchemaV1, N extends Feature = never, E extends Feature = never>(
    name: string,
    options: DefineOptions<S, N, E> & Ordered<SchemaInput<S>>,
  ): Made<Kind, SchemaInput<S>, SchemaOutput<S>, N | "ordering", N | E>;
  /** With a schema, which checks bodies at both ends. @throws INVALID_ARGUMENT with every problem */
  <S extends StandardSchemaV1, N extends Feature = never, E extends Feature = never>(
    name: string,
    options: DefineOptions<S, N, E>,
  ): Made<Kind, SchemaInput<S>, SchemaOutput<S>, N, N | E>;
}

/** What the engine reads from a definition; resolved once and frozen. */
export interface DefinitionDetails {
  /** The kind; dead letters have a kind of their own here. */
  readonly kind: "queue" | "topic" | "subscription" | "dead-letter";
  /** Name of the definition; for dead letters, the name of their source. */
  readonly name: string;
  /** Name of the topic's definition, for a subscription and its dead letters. */
  readonly topic?: string;
  /** The source whose dead letters these are. */
  readonly of?: DefinitionDetails;
  /** Absent: bodies are not checked. */
  readonly schema?: StandardSchemaV1;
  /** How a body becomes bytes. */
  readonly codec: Codec;
  /** The required features; includes `ordering` if there is an orderingKey. */
  readonly needs: readonly Feature[];
  /** The features that may be emulated. */
  readonly emulate: readonly Feature[];
  /** The application's id of a message. */
  readonly id?: (body: unknown) => string;
  /** The ordering key of a message. */
  readonly orderingKey?: (body: unknown, attributes: Readonly<Record<string, string>>) => string;
  /** The definition's policy, without defaults. */
  readonly policy: QueuePolicy;
}

/* `any` and `never` fit every overload: the types are in `Define`, this is the one implementation. */
/* oxlint-disable typescript/no-explicit-any */
/**
 * Defines a queue: its name, the type of its bodies, the features it needs, and its policy. Returns a frozen
 * value without a connection, which producers, consumers, functions and provisioning share. No I/O.
 *
 * The name has 1 to 80 letters, digits, `_` and `-`, and begins with a letter or digit. The configuration may
 * map it to another name at the provider.
 *
 * @example
 * const orders = defineQueue("orders", {
 *   schema: z.object({ orderId: z.string(), total: z.number() }),
 *   id: (order) => order.orderId,
 *   retry: { attempts: 8 },
 *   lease: "2m",
 * });
 * const lines = defineQueue<string>("lines", { codec: text() }); // the type alone
 *
 * @throws INVALID_ARGUMENT with every problem of name and options
 */
export const defineQueue: Define<"queue"> = (
  name: string,
  options?: object,
): QueueDefinition<any, any, never, never> =>
  seal({ kind: "queue", name }, checkDefinition("queue", name, options));

/**
 * Defines a topic, like {@link defineQueue}; `topic.subscription(name)` defines a subscription of it.
 *
 * @example
 * const placed = defineTopic<{ orderId: string }>("placed");
 * const billing = placed.subscription("billing");
 *
 * @throws INVALID_ARGUMENT with every problem of name and options
 */
export const defineTopic: Define<"topic"> = (
  name: string,
  options?: object,
): TopicDefinition<any, any, never, never> => {
  const details = checkDefinition("topic", name, options);
  const subscription = (subscriber: string, policy?: QueuePolicy): SubscriptionDefinition<any, never> =>
    defineSubscription(details, subscriber, policy);
  return seal({ kind: "topic", name, subscription }, details);
};
/* oxlint-enable typescript/no-explicit-any */

/**
 * The dead letters of a queue or subscription, consumed like any other source. Bodies are bytes, because a
 * dead letter may be a message that could not be decoded; `message.deadLettered` says why it is there. If its
 * handler fails, the message stays there, for any number of attempts.
 *
 * @example
 * const run = client.consumer(deadLetters(orders)).run(({ id, deadLettered }) => console.log(id, deadLettered?.reason));
 *
 * @throws INVALID_ARGUMENT for a topic, or for dead letters themselves
 */
export function deadLetters(of: Source): SubscriptionDefinition<Uint8Array, never> {
  const source = sourceOf(of);
  if (source.kind === "dead-letter") refuseKind(source, "It has no dead letters of its own.");
  const topic = source.topic ?? source.name;
  const details: DefinitionDetails = {
    kind: "dead-letter",
    name: source.name,
    ...(source.topic === undefined ? {} : { topic: source.topic }),
    of: source,
    codec: bytes(),
    needs: [],
    emulate: [],
    // A dead letter has already spent its attempts and cannot be dead-lettered again.
    policy: { retry: { attempts: "unlimited" }, deadLetter: "none", lease: source.policy.lease },
  };
  return seal({ kind: "subscription", name: source.name, topic }, details);
}

/**
 * Returns a schema that has a type but checks nothing, for options that need a schema.
 *
 * @example
 * const orders = defineQueue("orders", { schema: unchecked<Order>(), needs: ["delay"] });
 */
export function unchecked<Body>(): StandardSchemaV1<Body, Body> {
  return {
    // The caller asserts the type of the body; that is the point of this function.
    "~standard": { version: 1, vendor: UNCHECKED, validate: (value) => ({ value: value as Body }) },
  };
}

/** Returns what the engine reads from a definition. @throws INVALID_ARGUMENT for anything else */
export function detailsOf(definition: AnyDefinition): DefinitionDetails {
  const details: unknown = isRecord(definition) ? Reflect.get(definition, DETAILS) : undefined;
  if (isDetails(details)) return details;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `expected a definition, got ${kindOf(definition)}`,
    remedy: "Make it with defineQueue, defineTopic, topic.subscription or deadLetters.",
  });
}

/** The details of a definition to consume. @throws INVALID_ARGUMENT for a topic, and for anything else */
export function sourceOf(definition: AnyDefinition): DefinitionDetails {
  const details = detailsOf(definition);
  if (details.kind === "topic")
    refuseKind(details, "A topic cannot be consumed: use topic.subscription(name).");
  return details;
}

/** @throws INVALID_ARGUMENT always: a definition of this kind does not fit. */
export function refuseKind({ name, kind }: DefinitionDetails, remedy: string): never {
  const what = `the definition ${JSON.stringify(name)} is a ${kind}`;
  throw new QueueError("INVALID_ARGUMENT", { what, remedy });
}

/** A registered symbol, so that the ESM and the CommonJS copy of this package share it. */
const DETAILS = Symbol.for("anyqueue.definition");

function isDetails(value: unknown): value is DefinitionDetails {
  return isRecord(value) && "policy" in value;
}

/** Hides the details, so that a definition prints and compares as its kind and name. */
function seal<D extends object>(definition: D, details: DefinitionDetails): D {
  Object.defineProperty(definition, DETAILS, { value: Object.freeze(details) });
  return Object.freeze(definition);
}

function defineSubscription(
  topic: DefinitionDetails,
  name: string,
  policy: QueuePolicy = {},
): SubscriptionDefinition<unknown, never> {
  const where = `subscription ${JSON.stringify(name)} of ${JSON.stringify(topic.name)}`;
  refuseProblems([...nameProblems(name, where), ...optionProblems(policy, POLICY, where)]);
  const details: DefinitionDetails = {
    ...topic,
    kind: "subscription",
    name,
    topic: topic.name,
    policy: Object.freeze(overlay(topic.policy, policy)),
  };
  return seal({ kind: "subscription", name, topic: topic.name }, details);
}
