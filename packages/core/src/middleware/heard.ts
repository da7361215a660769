/** Promises that nobody has listened to and that have not been fulfilled. */
export type Unheard = Set<Promise<unknown>>;

/**
 * Returns a promise of the result of `work` that is in `unheard` until it is awaited. Whatever `then`, `catch`
 * and `finally` make of it takes its place there. The rejection of none of them can end the process.
 */
export function heard<T>(work: Promise<T>, unheard: Unheard): Promise<T> {
  return new Heard(work, unheard);
}

/** An object, because `await` does not call the `then` of a promise; a subclass of it costs four times as much. */
class Heard<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #work: Promise<T>;
  readonly #unheard: Unheard;

  constructor(work: Promise<T>, unheard: Unheard) {
    this.#work = work;
    this.#unheard = unheard.add(this);
    work.then(() => unheard.delete(this), ignore);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise
  then<Kept = T, Caught = never>(
    onFulfilled?: ((value: T) => Kept | PromiseLike<Kept>) | null,
    onRejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Kept | Caught> {
    this.#unheard.delete(this);
    return new Heard(this.#work.then(onFulfilled, onRejected), this.#unheard);
  }

  catch<Caught = never>(
    onRejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<T | Caught> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    this.#unheard.delete(this);
    return new Heard(this.#work.finally(onFinally), this.#unheard);
  }
}

function ignore(): void {}
