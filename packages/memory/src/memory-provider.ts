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
  /** Time for the queue and for every client that uses it. @default the client's own, which is the machine's */
  readonly clock?: Clock | undefined;
  /**
   * Hands messages over in an order that only this number decides, as a distributed queue might; keys keep their order.
   * A whole number from 0 to 4294967295. @default none: first in, first out
   */
  readonly seed?: number | undefined;
  /** `explicit`: an entity that was not created is `NOT_FOUND`, as in a cloud; `auto`: first use makes it. @default "auto" */
  readonly create?: "auto" | "explicit" | undefined;
  /** What shall go wrong. @default nothing */
  readonly faults?: FaultPlan | readonly Fault[] | undefined;
}

/** What one memory queue can have at once: everything. */
export type MemoryModes = ("ordering" | "deduplication" | "delay" | "ttl")[];

/** The provider that `memory()` makes. */
export type MemoryProvider = Provider<"memory", MemoryModes>;

const OPTION_NAMES = ["clock", "seed", "create", "faults"];

/**
 * The queue inside this process, for tests and for work that may die with the process.
 * Clients made with the same provider object share its messages; `memory:` and `memory://name` are kept apart.
 *
 * @example
 * const client = createClient("memory:", [memory()]);
 *
 * @throws INVALID_ARGUMENT for an unknown or illegal option
 */
export function memory(options: MemoryOptions = {}): MemoryProvider {
  return memoryWithEngines(options).provider;
}

/** For this package: the provider and the engines that its clients made. */
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

/** The first connection decides; a later one that says otherwise would be ignored silently. */
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
