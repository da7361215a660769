/** One call's place in the order of a key. */
export interface Turn {
  /** Resolves when all earlier turns of the key are over. */
  readonly mine: Promise<void>;
  /** Ends the turn; harmless when repeated. */
  over(): void;
}

/** Keeps the order of calls per key if preparing a message is asynchronous. */
export class KeyTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  isTaken(key: string | undefined): boolean {
    return key !== undefined && this.#last.has(key);
  }

  take(key: string): Turn {
    const mine = Promise.resolve(this.#last.get(key)).then(() => undefined);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const until = Promise.all([mine, promise]);
    this.#last.set(key, until);
    return {
      mine,
      over: () => {
        resolve(undefined);
        void until.then(() => {
          if (this.#last.get(key) === until) this.#last.delete(key);
        });
      },
    };
  }
}
