/** Messages of one ordering key take turns. If one fails, those waiting behind it are given back. */
export class KeyTurns {
  readonly #tails = new Map<string, Promise<boolean>>();

  /** Runs `work`, which returns whether it succeeded, after earlier turns; if they failed, `giveBack`. */
  async take(
    key: string | undefined,
    work: () => Promise<boolean>,
    giveBack: () => Promise<void>,
  ): Promise<void> {
    if (key === undefined || key === "") {
      await work();
      return;
    }
    const turn = this.#after(this.#tails.get(key), work, giveBack);
    this.#tails.set(key, turn);
    try {
      await turn;
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }

  async #after(
    before: Promise<boolean> | undefined,
    work: () => Promise<boolean>,
    giveBack: () => Promise<void>,
  ): Promise<boolean> {
    if (before === undefined || (await before)) return await work();
    await giveBack();
    return false;
  }
}
