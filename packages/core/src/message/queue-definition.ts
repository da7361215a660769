import type { Feature } from "../driver/capabilities.ts";
import { isRecord, kindOf, refuseProblems, unknownKeys } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Duration } from "../time/duration.ts";
import { checkDefinition, nameProblems, recordOf, UNCHECKED, overlay } from "./check-definition.ts";
import { POLICY_KEYS, policyProblems } from "./check-policy.ts";
import { bytes, type Codec } from "./codec.ts";
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from "./standard-schema.ts";

/** When a failed message is tried again, and how often. */
export interface RetryPolicy {
  /** Handler runs in all, 1 or more. @default 5 */
  readonly attempts?: number | "unlimited" | undefined;
  /** Fixed delay, or a function of the attempt that just failed (1 = first). @default exponential, 1 s to 5 min, full jitter */
  readonly delay?: Duration | ((attempt: number, error: unknown) => Duration | "dead-letter") | undefined;
}

/** Policy of a queue or subscription; shared by worker, function and provisioning. */
export interface QueuePolicy {
  /** When and how often a message is tried again whose handler failed. */
  readonly retry?: RetryPolicy | undefined;
  /** Lease of one delivery where the consumer sets it, more than 0; renewed while the handler runs. @default "60s" */
  readonly lease?: Duration | undefined;
  /** `auto`: the provider's own, else `<name>-dead`; `none`: messages stay until the provider drops them. @default "auto" */
  readonly deadLetter?: "auto" | "none" | undefined;
}

/** What the compiler prints where an option needs a schema. */
type NeedsASchema = { readonly "give a schema too; unchecked<Body>() is one that checks nothing": never };

/** Bare definitions may name a codec; whatever else they ask for needs a schema. */
export interface BareOptions extends QueuePolicy {
  /** @default json() */
  readonly codec?: Codec | undefined;
  /** With a schema only. */
  readonly needs?: NeedsASchema | undefined;
  /** With a schema only. */
  readonly emulate?: NeedsASchema | undefined;
  /** With a schema only. */
  readonly id?: NeedsASchema | undefined;
  /** With a schema only. */
  readonly orderingKey?: NeedsASchema | undefined;
}

declare const io: unique symbol;

/** What all definitions share; the type parameters exist for the compiler only. */
export interface Definition<Kind extends string, In, Out, Needs extends Feature, Uses extends Feature> {
  readonly kind: Kind;
  /** The application's name for it; configuration and prefix make the provider's of it. */
  readonly name: string;
  readonly [io]?: [In, Out, Needs, Uses];
}

/* The defaults are `any` on purpose: `QueueDefinition` without arguments must accept every definition. */
/* oxlint-disable typescript/no-explicit-any */

/** A queue: what a producer sends to and a consumer reads from. */
export interface QueueDefinition<
  In = any,
  Out = any,
  Needs extends Feature = any,
  Uses extends Feature = any,
> extends Definition<"queue", In, Out, Needs, Uses> {}

/** A topic: what a producer sends to; each subscription gets its own copy. */
export interface TopicDefinition<
  In = any,
  Out = any,
  Needs extends Feature = any,
  Uses extends Feature = any,
> extends Definition<"topic", In, Out, Needs, Uses> {
  /** A definition of one of its subscriptions. @throws INVALID_ARGUMENT for an illegal name or policy */
  subscription(name: string, policy?: QueuePolicy): SubscriptionDefinition<Out, Needs>;
}

/** A subscription of a topic, or the dead letters of a source: what a consumer reads from. */
export interface SubscriptionDefinition<Out = any, Needs extends Feature = any> extends Definition<
  "subscription",
  never,
  Out,
  Needs,
  never
> {
  /** Name of the topic's definition. */
  readonly topic: string;
}

/** What a consumer can be made from. */
export type Source<Out = any, Needs extends Feature = any> =
  | QueueDefinition<any, Out, Needs>
  | SubscriptionDefinition<Out, Needs>;

/** Any definition at all. */
export type AnyDefinition = Definition<string, any, any, any, any>;

/** What `send` takes. */
export type InputOf<D> = D extends Definition<any, infer In, any, any, any> ? In : never;
/** What a handler gets. */
export type BodyOf<D> = D extends Definition<any, any, infer Out, any, any> ? Out : never;
/* oxlint-enable typescript/no-explicit-any */

type Made<Kind, In, Out, N extends Feature, U extends Feature> = Kind extends "queue"
  ? QueueDefinition<In, Out, N, U>
  : TopicDefinition<In, Out, N, U>;

/** Options of a definition with a schema. */
export interface DefineOptions<
  S extends StandardSchemaV1,
  N extends Feature,
  E extends Feature,
> extends QueuePolicy {
  /** Checks bodies at the sender and at the receiver; its input goes on the wire. */
  readonly schema: S;
  /** Features that every provider of this queue must have. */
  readonly needs?: readonly N[] | undefined;
  /** Features that the core may emulate where the provider lacks them; the costs are in the documentation. */
  readonly emulate?: readonly E[] | undefined;
  /** The application id of a message; doubles as deduplication id where the definition needs deduplication. */
  readonly id?: ((body: SchemaInput<S>) => string) | undefined;
  /** @default json() */
  readonly codec?: Codec | undefined;
}

/** What an ordered definition adds. */
export interface Ordered<In> {
  /** Messages of one key are handled in send order, one at a time. Needs ordering. */
  readonly orderingKey: (body: In, attributes: Readonly<Record<string, string>>) => string;
}

/** The forms of {@link defineQueue} and {@link defineTopic}. */
export interface Define<Kind extends "queue" | "topic"> {
  <Body = unknown>(name: string, options?: BareOptions): Made<Kind, Body, Body, never, never>;
  <S extends StandardSchemaV1, N extends Feature = never, E extends Feature = never>(
    name: string,
    options: DefineOptions<S, N, E> & Ordered<SchemaInput<S>>,
  ): Made<Kind, SchemaInput<S>, SchemaOutput<S>, N | "ordering", N | E>;
  <S extends StandardSchemaV1, N extends Feature = never, E extends Feature = never>(
    name: string,
    options: DefineOptions<S, N, E>,
  ): Made<Kind, SchemaInput<S>, SchemaOutput<S>, N, N | E>;
}

/** What the engine reads of a definition; resolved once, frozen. */
export interface DefinitionDetails {
  readonly kind: "queue" | "topic" | "subscription" | "dead-letter";
  readonly name: string;
  readonly topic?: string;
  /** The source whose dead letters these are. */
  readonly of?: DefinitionDetails;
  readonly schema?: StandardSchemaV1;
  readonly codec: Codec;
  /** With `ordering` if there is an orderingKey. */
  readonly needs: readonly Feature[];
  readonly emulate: readonly Feature[];
  readonly id?: (body: unknown) => string;
  readonly orderingKey?: (body: unknown, attributes: Readonly<Record<string, string>>) => string;
  readonly policy: QueuePolicy;
}

/* `any` and `never` fit every overload: the compiler's knowledge is in `Define`, this is the one implementation. */
/* oxlint-disable typescript/no-explicit-any */
/** Defines a queue: its name, schema, needs and policy. Checked once, frozen, without I/O. */
export const defineQueue: Define<"queue"> = (
  name: string,
  options?: object,
): QueueDefinition<any, any, never, never> =>
  seal({ kind: "queue", name }, checkDefinition("queue", name, options));

/** Defines a topic; `topic.subscription(name)` defines what reads from it. */
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

/** The dead letters of a queue or subscription. Bodies are bytes, because a dead letter may be undecodable. */
export function deadLetters(of: Source): SubscriptionDefinition<Uint8Array, never> {
  const source = detailsOf(of);
  if (source.kind === "topic" || source.kind === "dead-letter") {
    refuseProblems([
      `deadLetters: expected a queue or a subscription, got the definition of a ${source.kind}`,
    ]);
  }
  const topic = source.topic ?? source.name;
  const details: DefinitionDetails = {
    kind: "dead-letter",
    name: source.name,
    ...(source.topic === undefined ? {} : { topic: source.topic }),
    of: source,
    codec: bytes(),
    needs: [],
    emulate: [],
    // A dead letter has nowhere further to go and has spent its attempts already.
    policy: { retry: { attempts: "unlimited" }, deadLetter: "none", lease: source.policy.lease },
  };
  return seal({ kind: "subscription", name: source.name, topic }, details);
}

/** Types without validation: `schema: unchecked<Order>()`. */
export function unchecked<Body>(): StandardSchemaV1<Body, Body> {
  return {
    // The caller says what the body is; that is the point of this function.
    "~standard": { version: 1, vendor: UNCHECKED, validate: (value) => ({ value: value as Body }) },
  };
}

/** What the engine reads of a definition. @throws INVALID_ARGUMENT for anything else. */
export function detailsOf(definition: AnyDefinition): DefinitionDetails {
  const details: unknown = isRecord(definition) ? Reflect.get(definition, DETAILS) : undefined;
  if (isDetails(details)) return details;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `expected a definition, got ${kindOf(definition)}`,
    remedy: "Make it with defineQueue, defineTopic, topic.subscription or deadLetters.",
  });
}

/** Found across the ESM and the CommonJS copy of this package. */
const DETAILS = Symbol.for("anyqueue.definition");

function isDetails(value: unknown): value is DefinitionDetails {
  return isRecord(value) && "policy" in value;
}

/** The details are hidden, so that a definition prints and compares as its kind and name. */
function seal<D extends object>(definition: D, details: DefinitionDetails): D {
  Object.defineProperty(definition, DETAILS, { value: Object.freeze(details) });
  return Object.freeze(definition);
}

function defineSubscription(
  topic: DefinitionDetails,
  name: string,
  policy?: QueuePolicy,
): SubscriptionDefinition<unknown, never> {
  const where = `subscription ${JSON.stringify(name)} of ${JSON.stringify(topic.name)}`;
  const given = recordOf(policy, where);
  refuseProblems([
    ...nameProblems(name, where),
    ...unknownKeys(given, POLICY_KEYS, where),
    ...policyProblems(given, where),
  ]);
  const details: DefinitionDetails = {
    ...topic,
    kind: "subscription",
    name,
    topic: topic.name,
    policy: Object.freeze(overlay(topic.policy, policy ?? {})),
  };
  return seal({ kind: "subscription", name, topic: topic.name }, details);
}
