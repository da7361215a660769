import type { Feature } from "../driver/capabilities.ts";
import type { QueueAdapter } from "../driver/driver.ts";
import type { Clock } from "../time/clock.ts";
import type { ConnectionUrl } from "./parse-url.ts";

/** What a client passes to a provider that it connects. */
export interface ProviderContext {
  /** The client's clock: the only source of time and timers of an adapter. */
  readonly clock: Clock;
  /**
   * Prefix of entity names, unless they were configured: for options that use the definitions' names.
   * @default none
   */
  readonly prefix?: string | undefined;
}

/**
 * A way to connect, for `createClient`: returned by `memory()`, `sqs()`, `serviceBus()` and `pubsub()`.
 * `Modes` tells the compiler which features one entity of this provider can have together: `A[] | B[]` for
 * either A or B.
 */
/* oxlint-disable-next-line typescript/no-explicit-any -- `any` accepts every set of modes */
export interface Provider<Scheme extends string = string, Modes extends Feature[] = any> {
  /** The scheme of this provider's URLs, in lower case and without the colon: `"sqs"`. */
  readonly scheme: Scheme;
  /** For the compiler only: never set. */
  readonly modes?: Modes;
  /** The provider's own clock (memory), which the client then uses for everything. @default the client's */
  readonly clock?: Clock | undefined;
  /**
   * True: the path of a URL belongs to the connection, such as the name of a file. False: it names one
   * entity.
   * @default false
   */
  readonly ownsPath?: boolean | undefined;
  /**
   * True: the sender decodes and validates every body again, to prove that the receiver gets the same
   * (memory, for tests). False: only the first body of each producer, and every body that JSON may change.
   * @default false
   */
  readonly checksEveryBody?: boolean | undefined;
  /**
   * Makes a connection, without I/O before its first use.
   * @throws INVALID_ARGUMENT for a bad authority, path or parameter
   */
  connect(url: ConnectionUrl, context: ProviderContext): QueueAdapter;
}
