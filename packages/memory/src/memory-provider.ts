import {
  queueError,
  type Clock,
  type ConnectionUrl,
  type Provider,
  type ProviderContext,
  type QueueAdapter,
} from "@anyqueue/core/adapter";
import { FaultPlan, type Fault } from "./fault-plan.ts";
import { MemoryAdapter } from "./memory-adapter.ts";
import { MemoryEngine } from "./memory-engine.ts";
import { checkOptionNames } from "./check-option-names.ts";
import { checkedCreate, checkedSeed, parseMemoryUrl, type MemoryConnection } from "./memory-url.ts";

/** Options of the in-process queue. */
export interface MemoryOptions {
  /**
   * The clock of the queue and of every client that uses it; for tests. @default the client's own, which is
   * the machine's
   */
  readonly clock?: Clock | undefined;
  /**
   * Shuffles deliveries, as a distributed queue might. The same number gives the same order, and messages of
   * one ordering key keep theirs. A whole number from 0 to 4294967295; `?seed=` in the URL takes precedence.
   * @default none: first in, first out
   */
  readonly seed?: number | undefined;
  /**
   * `"auto"` creates an entity on first use. With `"explicit"`, one that `client.admin.create` has not
   * created is NOT_FOUND, as in a cloud. `?create=` in the URL takes precedence. @default "auto"
   */
  readonly create?: "auto" | "explicit" | undefined;
  /** Calls that should fail, wait or lose their lease; see {@link FaultPlan}. @default nothing goes wrong */
  readonly faults?: FaultPlan | readonly Fault[] | undefined;
}

/** The features that one queue in memory can have at once: all of them. */
export type MemoryModes = ("ordering" | "deduplication" | "delay" | "ttl")[];

/** The provider that {@link memory} makes. */
export type MemoryProvider = Provider<"memory", MemoryModes>;

const OPTION_NAMES = ["clock", "seed", "create", "faults"];

/**
 * Queues in this process, for tests and for work that may be lost with it. They have every feature and the
 * limits of SQS: messages of 1 MiB, 100 attributes, 5 minutes of deduplication. Clients made with the same
 * provider object share its messages; `memory:` and `memory://name` are separate.
 *
 * @example
 * const client = createClient("memory:", [memory()]);
 * await client.producer(orders).send({ orderId: "o-1" });
 *
 * @throws INVALID_ARGUMENT for an unknown or illegal option
 */
export function memory(options: MemoryOptions = {}): MemoryProvider {
  return memoryWithEngines(options).provider;
}

/** The provider and the engines that its clients made, for use within this package. */
export function memoryWithEngines(options: MemoryOptions): {
  readonly provider: MemoryProvider;
  readonly engines: ReadonlyMap<string, MemoryEngine>;
} {
  checkOptions(options);
  const engines = new Map<string, MemoryEngine>();
  const faults =
    options.faults === undefined || options.faults instanceof FaultPlan
      ? options.faults
      : new FaultPlan(options.faults);
  const connect = (url: ConnectionUrl, context: ProviderContext): QueueAdapter => {
    const connection = parseMemoryUrl(url);
    let engine = engines.get(connection.authority);
    if (engine === undefined) {
      engine = new MemoryEngine({
        clock: options.clock ?? context.clock,
        seed: connection.seed ?? options.seed,
        create: connection.create ?? options.create ?? "auto",
        faults,
      });
      engines.set(connection.authority, engine);
    } else {
      checkSame(engine, connection, url);
    }
    return new MemoryAdapter(engine, connection.authority);
  };
  const provider: MemoryProvider =
    options.clock === undefined
      ? { scheme: "memory", checksEveryBody: true, connect }
      : { scheme: "memory", checksEveryBody: true, clock: options.clock, connect };
  return { provider, engines };
}

/** The first connection decides. Refuses a later one that differs; it would be ignored silently otherwise. */
function checkSame(engine: MemoryEngine, connection: MemoryConnection, url: ConnectionUrl): void {
  const { create = engine.create, seed = engine.seed } = connection;
  if (create === engine.create && seed === engine.seed) return;
  throw queueError("INVALID_ARGUMENT", {
    what: `${url.text}: this queue is open with create=${engine.create}, seed=${engine.seed}`,
    remedy: "Use one value, or another name behind memory://.",
    provider: "memory",
  });
}

function checkOptions(options: MemoryOptions): void {
  checkOptionNames(options, OPTION_NAMES, "memory");
  checkedCreate(options.create, "memory()");
  if (options.seed !== undefined) checkedSeed(options.seed, "memory()");
}
