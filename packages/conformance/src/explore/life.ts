import type { AdminDriver, ConsumerDriver, ProducerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import type { HistorySink } from "../history/history-writer.ts";

/** When a process dies: at this call of its drivers, counted from 1; before it, on its way, or when it took effect. */
export interface Death {
  readonly call: number;
  readonly when: "before" | "during" | "after";
}

/** A process of a run that can be killed. From then on it sends, receives and writes nothing. */
export class Life {
  readonly proc: string;
  readonly #open: { close(): Promise<void> }[] = [];
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;
  #calls = 0;
  #death: (Death & { readonly die: () => void }) | undefined;

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

  /** `die` kills it. */
  endAt(death: Death, die: () => void): void {
    this.#death = { ...death, die };
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
    const { admin, probe } = adapter;
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
      ...(admin && { admin: async () => this.#mortal<AdminDriver>(await admin.call(adapter)) }),
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
        const call = (...args: readonly unknown[]): unknown => Reflect.apply(member, target, args);
        if (name === "redrive") return (...args: readonly unknown[]) => this.#steps(call(...args));
        return (...args: readonly unknown[]) => this.#answerOf(() => call(...args));
      },
    });
  }

  async *#steps(steps: unknown): AsyncGenerator {
    const left = (steps as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    for (;;) {
      const step = (await this.#answerOf(() => left.next())) as IteratorResult<unknown>;
      if (step.done === true) return;
      yield step.value;
    }
  }

  async #answerOf(call: () => unknown): Promise<unknown> {
    this.#calls += 1;
    const last = this.#death?.call === this.#calls ? this.#death : undefined;
    if (last?.when === "before") last.die();
    if (this.#isOver) return await never();
    const answering = call();
    if (last?.when === "during") last.die();
    const answer: unknown = await answering;
    if (last?.when === "after") last.die();
    return this.#isOver ? await never() : answer;
  }
}

async function never(): Promise<never> {
  return await new Promise<never>(() => undefined);
}
