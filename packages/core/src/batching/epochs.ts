/** The items that were added between two flushes. */
export interface Epoch {
  pending: number;
}

interface SealedEpoch {
  readonly epoch: Epoch;
  readonly resolve: () => void;
}

/** Tells when all items added before some moment are done, without a promise per item. */
export class Epochs {
  #current: Epoch = { pending: 0 };
  /** Oldest first. An epoch is done when it and all older ones have nothing pending. */
  #sealed: SealedEpoch[] = [];

  /** True while a flush waits for items that were added earlier. */
  get isFlushing(): boolean {
    return this.#sealed.length > 0;
  }

  /** Counts one item. Pass the returned epoch to `leave`. */
  enter(): Epoch {
    this.#current.pending += 1;
    return this.#current;
  }

  leave(epoch: Epoch): void {
    epoch.pending -= 1;
    if (epoch.pending === 0 && this.#sealed.length > 0) this.#release();
  }

  /** Resolves when everything entered so far has left. */
  async seal(): Promise<void> {
    const epoch = this.#current;
    if (epoch.pending === 0 && this.#sealed.length === 0) return;
    this.#current = { pending: 0 };
    await new Promise<void>((resolve) => {
      this.#sealed.push({ epoch, resolve });
    });
  }

  #release(): void {
    const firstBusy = this.#sealed.findIndex(({ epoch }) => epoch.pending > 0);
    const done = this.#sealed.splice(0, firstBusy === -1 ? this.#sealed.length : firstBusy);
    for (const { resolve } of done) resolve();
  }
}
