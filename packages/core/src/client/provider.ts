import type { Feature } from "../driver/capabilities.ts";
import type { QueueAdapter } from "../driver/driver.ts";
import type { Clock } from "../time/clock.ts";
import type { ConnectionUrl } from "./parse-url.ts";

/** What a provider gets from the client that connects it. */
export interface ProviderContext {
  readonly clock: Clock;
  /** Names of entities begin with it unless they are configured; for options that go by the definitions' names. @default none */
  readonly prefix?: string | undefined;
}

/**
 * One way to connect: what `memory()`, `sqs()`, `serviceBus()`, `pubsub()` return.
 * `Modes` lists, for the compiler, which features one entity of this provider can have together.
 */
/* oxlint-disable-next-line typescript/no-explicit-any -- `any` accepts every set of modes */
export interface Provider<Scheme extends string = string, Modes extends Feature[] = any> {
  readonly scheme: Scheme;
  /** For the compiler only. */
  readonly modes?: Modes;
  /** A clock of its own (memory); the client that uses it takes this clock for everything. */
  readonly clock?: Clock | undefined;
  /** True: the path of a URL belongs to the connection (a file); else it names one entity. */
  readonly ownsPath?: boolean | undefined;
  /** True: every body is decoded and validated again at the sender; else the first, and what JSON may change. */
  readonly checksEveryBody?: boolean | undefined;
  /** Opens a connection; no I/O. @throws INVALID_ARGUMENT for a bad authority, path or parameter. */
  connect(url: ConnectionUrl, context: ProviderContext): QueueAdapter;
}
