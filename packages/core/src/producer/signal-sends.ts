import type { PendingSend } from "./pending-send.ts";

interface Listened {
  readonly sends: Set<PendingSend>;
  readonly onAbort: () => void;
}

/**
 * The sends that each signal aborts, with one listener per signal. Adding a listener costs a look at all
 * others of the signal: 30,000 sends with one signal would keep the process busy for seconds.
 */
export class SignalSends {
  readonly #listened = new WeakMap<AbortSignal, Listened>();
  readonly #giveUp: (pending: PendingSend, signal: AbortSignal) => void;

  constructor(giveUp: (pending: PendingSend, signal: AbortSignal) => void) {
    this.#giveUp = giveUp;
  }

  /** Listens until `pending.unlisten` is called. */
  add(pending: PendingSend, signal: AbortSignal): void {
    const { sends, onAbort } = this.#listened.get(signal) ?? this.#listen(signal);
    sends.add(pending);
    pending.unlisten = () => {
      sends.delete(pending);
      if (sends.size > 0) return;
      signal.removeEventListener("abort", onAbort);
      this.#listened.delete(signal);
    };
  }

  #listen(signal: AbortSignal): Listened {
    const sends = new Set<PendingSend>();
    const onAbort = (): void => {
      for (const pending of sends) this.#giveUp(pending, signal);
    };
    const listened = { sends, onAbort };
    this.#listened.set(signal, listened);
    signal.addEventListener("abort", onAbort, { once: true });
    return listened;
  }
}
