import type { Feature } from "../driver/capabilities.ts";
import type { QueueAdapter } from "../driver/driver.ts";
import type { Clock } from "../time/clock.ts";
import type { ConnectionUrl } from "./parse-url.ts";

/** What a provider gets from the client that connects it. */
export interface ProviderContext {
  /** The client's clock: the only source of time and timers of an adapter. */
  readonly clock: Clock;
  /**
   * What names of entities begin with, unless they were configured: for options that go by the definitions' names.
   * @default none
   */
  readonly prefix?: string | undefined;
}

/**
 * One way to connect: what `memory()`, `sqs()`, `serviceBus()` and `pubsub()` return, for `createClient`. `Modes` lists,
 * for the compiler, which features one entity of this provider can have together: `A[] | B[]` for either A or B.
 */
/* oxlint-disable-next-line typescript/no-explicit-any -- `any` accepts every set of modes */
export interface Provider<Scheme extends string = string, Modes extends Feature[] = any> {
  /** What URLs of this provider begin with, in lower case and without the colon: `"sqs"`. */
  readonly scheme: Scheme;
  /** For the compiler only: never set. */
  readonly modes?: Modes;
  /** A clock of its own (memory), which the client that uses this provider takes for everything. @default the client's */
  readonly clock?: Clock | undefined;
  /**
   * True: the path of a URL belongs to the connection, such as the name of a file. False: it names one entity.
   * @default false
   */
  readonly ownsPath?: boolean | undefined;
  /**
   * True: the sender decodes and validates every body again, to prove that the receiver gets the same (memory, where
   * tests run). False: only the first body of each producer, and every body that JSON may change. @default false
   */
  readonly checksEveryBody?: boolean | undefined;
  /** Makes a connection; no I/O before its first use. @throws INVALID_ARGUMENT for a bad authority, path or parameter */
  connect(url: ConnectionUrl, context: ProviderContext): QueueAdapter;
}
