import { setTimeout as sleep } from "node:timers/promises";

/** What the dependency can do. */
interface ProviderLimits {
  readonly maxCharges: number;
  readonly chargeMs: number;
}

/** They come to 3,200 charges a second. */
const PROVIDER_LIMITS: ProviderLimits = Object.freeze({ maxCharges: 32, chargeMs: 10 });

/** A dependency that is slow and takes only so many calls at once: whoever comes beyond that waits. */
export class PaymentProvider {
  readonly #maxCharges: number;
  readonly #chargeMs: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** The most that ever ran at once. */
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
      // A place goes from hand to hand, so that nobody can come in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
