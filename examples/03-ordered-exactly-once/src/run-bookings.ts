import { createClient } from "@anyqueue/core";
import { pubsub } from "@anyqueue/pubsub";
import { bookings, type Booking } from "./bookings.ts";
import { Ledger, type Balance } from "./ledger.ts";

/** The result of a run. */
export interface Outcome {
  readonly balances: readonly Balance[];
  /** Bookings that came out of order or a second time. */
  readonly mistakes: readonly string[];
  /** Attempts that failed on purpose. */
  readonly failures: number;
}

/** Sends and handles `perAccount` bookings per account. The first attempt of every third booking fails. */
export async function runBookings(
  url: string,
  accounts: readonly string[],
  perAccount: number,
): Promise<Outcome> {
  const client = createClient(url, [pubsub({ provisioning: { exactlyOnce: true } })]);
  try {
    await client.admin.create(bookings);
    await client.producer(bookings).sendMany(bookingsOf(accounts, perAccount).map((body) => ({ body })));
    const ledger = new Ledger();
    const failedOnce = new Set<string>();
    const { promise: allBooked, resolve } = Promise.withResolvers<void>();
    const consumer = client.consumer(bookings, { concurrency: accounts.length });
    const run = consumer.run(({ id, body }) => {
      if (body.number % 3 === 0 && !failedOnce.has(id)) {
        failedOnce.add(id);
        throw new Error("the database is busy");
      }
      ledger.book(body);
      if (ledger.count === accounts.length * perAccount) resolve();
    });
    // If `run` ends by itself, it has failed.
    await Promise.race([allBooked, run]);
    await consumer.close();
    return { balances: ledger.balances(), mistakes: ledger.mistakes, failures: failedOnce.size };
  } finally {
    await client.close();
  }
}

function bookingsOf(accounts: readonly string[], perAccount: number): readonly Booking[] {
  return Array.from({ length: perAccount }, (_, index) => index + 1).flatMap((number) =>
    accounts.map((account) => ({ account, number, cents: number * 100 })),
  );
}
