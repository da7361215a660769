import type { ConsumerDriver, ProducerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import type { HistorySink } from "../history/history-writer.ts";

/** A process of a run that can be killed. From then on it sends, receives and writes nothing. */
export class Life {
  readonly proc: string;
  readonly #open: { close(): Promise<void> }[] = [];
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;

  constructor(proc: string) {
    this.proc = proc;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the process is killed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** `watcher` survives the process and writes down its end. */
  kill(watcher: HistorySink): void {
    this.#isOver = true;
    watcher.write("proc.exit", watcher.operation(), { of: this.proc, signal: "SIGKILL" });
    this.#over.resolve();
  }

  /** Ends the connections of a killed process. Never rejects. */
  async cut(): Promise<void> {
    // Drivers first: an adapter is closed after what it has opened.
    for (const one of this.#open.toReversed()) await one.close().catch(() => undefined);
  }

  /** The same sink, but only while the process lives. */
  sink(sink: HistorySink): HistorySink {
    return {
      operation: () => sink.operation(),
      now: () => sink.now(),
      write: (type, op, members) => {
        if (!this.#isOver) sink.write(type, op, members);
      },
    };
  }

  /** The same adapter, but only while the process lives. */
  adapter(adapter: QueueAdapter): QueueAdapter {
    const { probe } = adapter;
    this.#open.push(adapter);
    return {
      name: adapter.name,
      resolve: (ref) => adapter.resolve(ref),
      classify: (error, during) => adapter.classify(error, during),
      openProducer: (target, purpose) => this.#mortal<ProducerDriver>(adapter.openProducer(target, purpose)),
      openConsumer: (target, options) =>
        this.#mortal<ConsumerDriver<unknown>>(adapter.openConsumer(target, options)),
      close: async () => {
        await adapter.close();
      },
      ...(probe === undefined
        ? {}
        : { probe: async (target, signal) => await probe.call(adapter, target, signal) }),
    };
  }

  #mortal<Driver extends { close(): Promise<void> }>(driver: Driver): Driver {
    this.#open.push(driver);
    return new Proxy(driver, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        // The one verb that answers at once. It may use private members, which a proxy has not.
        if (name === "sizeOf") return member.bind(target);
        return async (...args: readonly unknown[]): Promise<unknown> => {
          if (this.#isOver) return await never();
          const answer: unknown = await Reflect.apply(member, target, args);
          return this.#isOver ? await never() : answer;
        };
      },
    });
  }
}

async function never(): Promise<never> {
  return await new Promise<never>(() => undefined);
}
