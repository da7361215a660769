import type {
  ConsumerOptions,
  DrainReport,
  Handler,
  QueueClient,
  QueueConsumer,
  Source,
} from "@anyqueue/core";
import type { CreatedQueue, FunctionHost } from "./harness.ts";

/** A handler that should run as a function behind a queue. */
export interface FunctionToHost {
  /** The queue that triggers the function. */
  readonly definition: Source;
  /** Its handler. */
  readonly handler: Handler<unknown>;
  /** The entity of that queue. */
  readonly queue: CreatedQueue;
  /** For `createHandler`: the client's, and the consumer's except those that a platform replaces. */
  readonly options: Omit<ConsumerOptions, "prefetch"> &
    Pick<FunctionHost, "clock" | "listener" | "middleware">;
}

/** A deployed function and what delivers its messages. */
export interface HostedFunction {
  /** Delivers messages until it is closed. */
  run(): Promise<void>;
  /** Resolves when no call is under way, even if it never ran. */
  close(): Promise<void>;
}

/** Counts calls of functions: a case without any proves nothing about them. */
export class FunctionCalls {
  #count = 0;

  /** Counts one call. */
  add(): void {
    this.#count += 1;
  }

  /** Returns the number of calls since the last `take`. */
  take(): number {
    const taken = this.#count;
    this.#count = 0;
    return taken;
  }
}

/**
 * Returns a client whose consumers' `run` calls a deployed function, for `Backend.hostFunctions`. Messages
 * that a case receives itself, and everything else, stay with the client.
 *
 * @param deploy makes the function run behind its queue
 */
export function hostingFunctions(
  client: QueueClient,
  host: FunctionHost,
  deploy: (toHost: FunctionToHost) => HostedFunction,
): QueueClient {
  const closers: (() => Promise<DrainReport>)[] = [];
  const consumer = (definition: Source, options: ConsumerOptions = {}): QueueConsumer<never> => {
    const own = client.consumer(definition, options);
    const queue = host.queues.get(definition.name);
    if (definition.kind !== "queue" || queue === undefined) return own as QueueConsumer<never>;
    let hosted: HostedFunction | undefined;
    const run = async (handler: Handler<unknown>): Promise<DrainReport> => {
      hosted = deploy({ definition, handler, queue, options: optionsOf(options, host) });
      await hosted.run();
      return NOTHING;
    };
    const close = async (): Promise<DrainReport> => {
      await hosted?.close();
      return NOTHING;
    };
    closers.push(close);
    return override(own, { run, close }) as QueueConsumer<never>;
  };
  const close: QueueClient["close"] = async (options) => {
    await Promise.all(closers.map(async (each) => await each()));
    return await client.close(options);
  };
  return override<QueueClient>(client, { consumer, close });
}

const NOTHING: DrainReport = { handled: 0, released: 0, unsettled: 0, abandoned: 0 };

function optionsOf(
  given: ConsumerOptions,
  { clock, listener, middleware }: FunctionHost,
): FunctionToHost["options"] {
  const { prefetch: _, ...options } = given;
  return { ...options, clock, listener, middleware };
}

function override<Base extends object>(base: Base, members: Readonly<Record<string, unknown>>): Base {
  return new Proxy(base, {
    get: (target, name) => {
      const own: unknown = typeof name === "string" ? members[name] : undefined;
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
