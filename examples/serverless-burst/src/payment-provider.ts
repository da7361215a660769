import { setTimeout as sleep } from "node:timers/promises";

/** The limits of the dependency. */
interface ProviderLimits {
  readonly maxCharges: number;
  readonly chargeMs: number;
}

/** Together they allow 3,200 charges per second. */
const PROVIDER_LIMITS: ProviderLimits = Object.freeze({ maxCharges: 32, chargeMs: 10 });

/** A slow dependency that accepts only a limited number of calls at once. Further callers wait. */
export class PaymentProvider {
  readonly #maxCharges: number;
  readonly #chargeMs: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** The most charges that ran at once. */
  peak = 0;
  charged = 0;

  constructor({ maxCharges, chargeMs }: ProviderLimits = PROVIDER_LIMITS) {
    this.#maxCharges = maxCharges;
    this.#chargeMs = chargeMs;
  }

  async charge(cents: number): Promise<void> {
    if (cents <= 0) throw new RangeError(`A charge must be positive, got ${cents}.`);
    if (this.#running < this.#maxCharges) this.#running += 1;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.peak = Math.max(this.peak, this.#running);
    try {
      await sleep(this.#chargeMs);
      this.charged += 1;
    } finally {
      // The place passes directly to the next caller, so that no new call can take it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
