import type { Feature } from "../driver/capabilities.ts";
import type { Duration } from "../time/duration.ts";
import type { Codec } from "./codec.ts";
import type { SchemaInput, StandardSchemaV1 } from "./standard-schema.ts";

/** How often a failed message is tried again, and when. */
export interface RetryPolicy {
  /**
   * How many times a handler may run for one message, a whole number from 1; when the last one fails, the message goes to
   * the dead letters. More than the service's own maximum of deliveries is refused at the start. @default 5
   */
  readonly attempts?: number | "unlimited" | undefined;
  /**
   * How long a failed message waits before it comes again: a fixed time, or a function of the attempt that just failed (1
   * = first) and its error. The function may say `"dead-letter"`; if it throws or gives no duration, the default holds
   * and the event `listener-error` tells. Longer than the service can delay is refused at the start, or emulated if the
   * definition emulates `"delay"`. A {@link RetryError} wins over it.
   * @default exponential, 1 s to 5 min, full jitter: anywhere between 0 and a bound that doubles with each attempt
   */
  readonly delay?: Duration | ((attempt: number, error: unknown) => Duration | "dead-letter") | undefined;
}

/**
 * What happens to the messages of a queue or subscription, whoever handles them: worker, function and provisioning share
 * it.
 */
export interface QueuePolicy {
  /** How often and when a message is tried again whose handler failed. @default 5 attempts, exponential delay */
  readonly retry?: RetryPolicy | undefined;
  /**
   * How long a delivery is a consumer's alone, more than 0 and within the provider's bounds; it is renewed while the
   * handler runs. Shorter: the messages of a crashed worker come back sooner. Longer: fewer renewals. Where the entity
   * sets it (Service Bus), this is what `client.admin.create` gives the entity. @default "60s"
   */
  readonly lease?: Duration | undefined;
  /**
   * Where a message goes that cannot be handled. `"auto"`: to the dead letters that the service has or is set up with,
   * else to a queue `<name>-dead`. `"none"`: it stays in its queue and is tried again now and then, until the provider's
   * retention ends.
   * @default "auto"
   */
  readonly deadLetter?: "auto" | "none" | undefined;
}

/** What the compiler prints where an option needs a schema. */
type NeedsASchema = { readonly "give a schema too; unchecked<Body>() is one that checks nothing": never };

/** Options of a definition without a schema: a codec and the policy. Whatever else there is needs a schema. */
export interface BareOptions extends QueuePolicy {
  /** How a body becomes bytes and back. @default json() */
  readonly codec?: Codec | undefined;
  /** With a schema only: `unchecked()` is one that checks nothing. */
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
   * Checks bodies when they are sent and when they are received: any library with a Standard Schema (Zod, Valibot,
   * ArkType, …). What it takes goes on the wire, what it gives goes to the handler.
   */
  readonly schema: S;
  /**
   * Features that the provider of this queue must have: `"ordering"` (an `orderingKey` implies it), `"deduplication"`,
   * `"delay"`, `"ttl"`. One that lacks one of them is refused with UNSUPPORTED, by the compiler if it can. @default none
   */
  readonly needs?: readonly N[] | undefined;
  /**
   * Features that anyqueue may emulate where the provider lacks them: `"delay"` (consumers give the message back until it
   * is due, which costs a delivery each time) and `"ttl"` (the consumer acks what has expired). All consumers must be
   * anyqueue then. @default none
   */
  readonly emulate?: readonly E[] | undefined;
  /**
   * The application's id of a message, made of its body: 1 to 128 characters. The deduplication id, too, where the
   * definition needs deduplication. The `id` of a single `send` wins over it. @default a random UUID for each message
   */
  readonly id?: ((body: SchemaInput<S>) => string) | undefined;
  /** How a body becomes bytes and back. @default json() */
  readonly codec?: Codec | undefined;
}

/** What an ordered definition adds. */
export interface Ordered<In> {
  /**
   * The key of a message: messages of one key are handled in the order in which they were sent, one at a time; different
   * keys in parallel. Up to 128 printable ASCII characters without spaces are legal on every provider. Implies the need
   * `"ordering"`.
   */
  readonly orderingKey: (body: In, attributes: Readonly<Record<string, string>>) => string;
}
