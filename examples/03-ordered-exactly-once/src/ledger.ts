import type { Booking } from "./bookings.ts";

/** The balance of one account when everything is booked. */
export interface Balance {
  readonly account: string;
  readonly bookings: number;
  readonly cents: number;
}

/** Keeps balances and mistakes: bookings that came out of order or a second time. */
export class Ledger {
  readonly #accounts = new Map<string, { bookings: number; cents: number }>();
  readonly mistakes: string[] = [];

  book({ account, number, cents }: Booking): void {
    const known = this.#accounts.get(account) ?? { bookings: 0, cents: 0 };
    if (number !== known.bookings + 1)
      this.mistakes.push(`${account}: number ${number} after ${known.bookings}`);
    this.#accounts.set(account, { bookings: number, cents: known.cents + cents });
  }

  get count(): number {
    return this.balances().reduce((sum, { bookings }) => sum + bookings, 0);
  }

  balances(): readonly Balance[] {
    return [...this.#accounts]
      .map(([account, balance]) => ({ account, ...balance }))
      .toSorted((a, b) => a.account.localeCompare(b.account));
  }
}
