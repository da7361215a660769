import { setTimeout as sleep } from "node:timers/promises";
import type { QueueClient } from "@anyqueue/core";
import { Gauge, type Sample } from "./gauge.ts";
import { chargeOrder, orders, type Order } from "./orders.ts";
import { PaymentProvider } from "./payment-provider.ts";

/** Starts the handler. Returns a function that stops it. */
export type StartFleet = (handler: ReturnType<typeof chargeOrder>) => Promise<() => Promise<void>>;

/** The result of a run. */
export interface BurstResult {
  readonly mode: string;
  readonly orders: number;
  readonly charged: number;
  /** Orders charged more than once, because a standard queue may deliver twice. */
  readonly repeated: number;
  /** The most charges that ran at once. */
  readonly peakCharges: number;
  readonly seconds: number;
  readonly samples: readonly Sample[];
}

const SAMPLE_MS = 200;
const CHUNK = 500;
/** Chunks that are sent at once, to make a burst. */
const SENDERS = 4;

/** Sends all orders as fast as the queue accepts them, while the fleet charges them as fast as it can. */
export async function runBurst(
  mode: string,
  client: QueueClient,
  count: number,
  start: StartFleet,
): Promise<BurstResult> {
  const payments = new PaymentProvider();
  const gauge = new Gauge(performance.now());
  const allCharged = Promise.withResolvers<void>();
  const stop = await start(
    chargeOrder(payments, (orderId, waitedMs) => {
      gauge.countCharged(orderId, waitedMs);
      if (gauge.charged === count) allCharged.resolve();
    }),
  );
  const work = Promise.all([sendAll(client, count, gauge), allCharged.promise]);
  await sampleUntil(gauge, work);
  await stop();
  return {
    mode,
    orders: count,
    charged: gauge.charged,
    repeated: gauge.repeated,
    peakCharges: payments.peak,
    seconds: (gauge.samples.at(-1)?.atMs ?? 0) / 1_000,
    samples: gauge.samples,
  };
}

async function sendAll(client: QueueClient, count: number, gauge: Gauge): Promise<void> {
  const producer = client.producer(orders);
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < count) {
      const chunk = Array.from({ length: Math.min(CHUNK, count - next) }, (_, index) =>
        orderOf(next + index),
      );
      next += chunk.length;
      // oxlint-disable-next-line no-await-in-loop
      await producer.sendMany(chunk.map((body) => ({ body })));
      gauge.countSent(chunk.length);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
}

function orderOf(number: number): Order {
  return { orderId: `o-${number}`, cents: 100 + (number % 900) };
}

/** Samples only whole intervals, because the rates of a partial one would be noise. */
async function sampleUntil(gauge: Gauge, work: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    // oxlint-disable-next-line no-await-in-loop
    await sleep(SAMPLE_MS);
    gauge.sample(performance.now());
  }
  await over;
}
