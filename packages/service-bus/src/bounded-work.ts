import { LinkedList, type Linked } from "@anyqueue/core/adapter";

/** A caller that waits for an answer. */
interface Waiting extends Linked<Waiting> {
  readonly fail: (error: unknown) => void;
  isOver: boolean;
}

/** Callers that share a signal, such as a batch of settlements: one listener is enough for them. */
interface Group {
  /** A list, because a Set keeps removed items alive for long (docs/decisions/0032). */
  readonly waiting: LinkedList<Waiting>;
  readonly stopListening: () => void;
}

/** Ends the wait for work if its signal aborts or its connection dies, whatever its promise does. */
export class BoundedWork {
  readonly #groups = new Map<AbortSignal | undefined, Group>();
  readonly #abandoned: (signal: AbortSignal) => Error;

  /** @param abandoned makes the error for an aborted signal */
  constructor(abandoned: (signal: AbortSignal) => Error) {
    this.#abandoned = abandoned;
  }

  /** Settles like `work`, unless the signal or `failAll` comes first: `work` then goes on unheard. */
  run<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.follow(work, signal, resolve, reject);
    });
  }

  /** Like `run`, without a promise: calls one of the two callbacks, once. */
  follow<Value>(
    work: Promise<Value>,
    signal: AbortSignal | undefined,
    onValue: (value: Value) => void,
    onError: (error: unknown) => void,
  ): void {
    if (signal?.aborted === true) {
      work.catch(() => {});
      onError(this.#abandoned(signal));
      return;
    }
    const leave = this.enter(signal, onError);
    work.then(
      (value) => {
        if (leave()) onValue(value);
      },
      (error: unknown) => {
        if (leave()) onError(error);
      },
    );
  }

  /**
   * Starts a wait for work without a promise. `signal` must not have aborted yet.
   * @returns a function that ends the wait; it returns false if `onError` was called first
   */
  enter(signal: AbortSignal | undefined, onError: (error: unknown) => void): () => boolean {
    const group = this.#groupOf(signal);
    const waiting: Waiting = { fail: onError, isOver: false, previous: undefined, next: undefined };
    group.waiting.add(waiting);
    return () => {
      if (waiting.isOver) return false;
      waiting.isOver = true;
      group.waiting.delete(waiting);
      if (group.waiting.first === undefined) this.#end(group, signal);
      return true;
    };
  }

  failAll(error: unknown): void {
    for (const [signal, group] of this.#groups) this.#fail(group, signal, error);
  }

  #groupOf(signal: AbortSignal | undefined): Group {
    const known = this.#groups.get(signal);
    if (known !== undefined) return known;
    const onAbort = (): void => {
      if (signal !== undefined) this.#fail(group, signal, this.#abandoned(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const group = {
      waiting: new LinkedList<Waiting>(),
      stopListening: () => signal?.removeEventListener("abort", onAbort),
    };
    this.#groups.set(signal, group);
    return group;
  }

  #fail(group: Group, signal: AbortSignal | undefined, error: unknown): void {
    this.#end(group, signal);
    const failed = group.waiting.toArray();
    for (const each of failed) each.isOver = true;
    for (const { fail } of failed) fail(error);
  }

  #end(group: Group, signal: AbortSignal | undefined): void {
    this.#groups.delete(signal);
    group.stopListening();
  }
}
