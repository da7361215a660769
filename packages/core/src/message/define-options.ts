import type { Feature } from "../driver/capabilities.ts";
import type { Duration } from "../time/duration.ts";
import type { Codec } from "./codec.ts";
import type { SchemaInput, StandardSchemaV1 } from "./standard-schema.ts";

/** How often a failed message is retried, and when. */
export interface RetryPolicy {
  /**
   * How many times a handler may run for one message, a whole number from 1. When the last run fails, the
   * message goes to the dead letters. A number above the service's own maximum of deliveries is refused at
   * the start. @default 5
   */
  readonly attempts?: number | "unlimited" | undefined;
  /**
   * How long a failed message waits before its retry: a fixed time, or a function of the attempt that just
   * failed (1 = first) and its error. The function may return `"dead-letter"`. If it throws or returns no
   * duration, the default applies and the event `listener-error` reports it. A delay longer than the service
   * supports is refused at the start, or emulated if the definition emulates `"delay"`. A {@link RetryError}
   * overrides the delay.
   * @default exponential, 1 s to 5 min, full jitter: anywhere between 0 and a bound that doubles with each
   * attempt
   */
  readonly delay?: Duration | ((attempt: number, error: unknown) => Duration | "dead-letter") | undefined;
}

/** How the messages of a queue or subscription are handled. Workers, functions and provisioning share it. */
export interface QueuePolicy {
  /** How often and when a failed message is retried. @default 5 attempts, exponential delay */
  readonly retry?: RetryPolicy | undefined;
  /**
   * How long one consumer alone has a delivery, more than 0 and within the provider's bounds; renewed while
   * the handler runs. Shorter: the messages of a crashed worker return sooner. Longer: fewer renewals. If the
   * entity sets the lease (Service Bus), `client.admin.create` gives the entity this value. @default "60s"
   */
  readonly lease?: Duration | undefined;
  /**
   * Where a message goes if it cannot be handled. `"auto"`: to the dead letters that the service has or is
   * configured with, else to a queue `<name>-dead`. `"none"`: it stays in its queue and is retried now and
   * then, until the provider's retention ends.
   * @default "auto"
   */
  readonly deadLetter?: "auto" | "none" | undefined;
}

/** The compiler prints this text for an option that needs a schema. */
type NeedsASchema = { readonly "give a schema too; unchecked<Body>() is one that checks nothing": never };

/** Options of a definition without a schema: a codec and the policy. All other options need a schema. */
export interface BareOptions extends QueuePolicy {
  /** How a body becomes bytes and back. @default json() */
  readonly codec?: Codec | undefined;
  /** Only with a schema; `unchecked()` is one that checks nothing. */
  readonly needs?: NeedsASchema | undefined;
  /** With a schema only. */
  readonly emulate?: NeedsASchema | undefined;
  /** With a schema only. */
  readonly id?: NeedsASchema | undefined;
  /** With a schema only. */
  readonly orderingKey?: NeedsASchema | undefined;
}

/** Options of a definition with a schema. */
export interface DefineOptions<
  S extends StandardSchemaV1,
  N extends Feature,
  E extends Feature,
> extends QueuePolicy {
  /**
   * Checks bodies when sent and when received. Any library with Standard Schema works (Zod, Valibot, ArkType,
   * …). The schema's input goes on the wire, its output goes to the handler.
   */
  readonly schema: S;
  /**
   * Features that the provider of this queue must have: `"ordering"` (an `orderingKey` implies it),
   * `"deduplication"`, `"delay"`, `"ttl"`. A provider without one of them is refused with UNSUPPORTED, if
   * possible by the compiler. @default none
   */
  readonly needs?: readonly N[] | undefined;
  /**
   * Features that anyqueue may emulate if the provider lacks them: `"delay"` (consumers give the message back
   * until it is due, which costs a delivery each time) and `"ttl"` (the consumer acks expired messages). All
   * consumers must then use anyqueue. @default none
   */
  readonly emulate?: readonly E[] | undefined;
  /**
   * Makes the application's id of a message from its body: 1 to 128 characters. It is the deduplication id
   * too if the definition needs deduplication. The `id` of a single `send` overrides it.
   * @default a random UUID for each message
   */
  readonly id?: ((body: SchemaInput<S>) => string) | undefined;
  /** How a body becomes bytes and back. @default json() */
  readonly codec?: Codec | undefined;
}

/** The additional option of an ordered definition. */
export interface Ordered<In> {
  /**
   * Returns the key of a message. Messages of one key are handled one at a time, in the order sent; different
   * keys are handled in parallel. Up to 128 printable ASCII characters without spaces are legal on every
   * provider. Implies the need `"ordering"`.
   */
  readonly orderingKey: (body: In, attributes: Readonly<Record<string, string>>) => string;
}
