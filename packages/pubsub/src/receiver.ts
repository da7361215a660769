import type { Clock, ConsumerEvents, Delivery, Flow, ItemResult, ReceiveAsk } from "@anyqueue/core/adapter";
import type { PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";

/** What both kinds of receivers work with. */
export interface ReceiverParts {
  readonly clients: PubsubClients;
  readonly subscription: PubsubSubscription;
  readonly leaseMs: number;
  /** Its `now` runs on while the machine sleeps: see `elapsedClock`. */
  readonly clock: Clock;
  readonly events: ConsumerEvents<PubsubHandle>;
}

/** A delivery that was given back, and when the service offers it again, at the latest; monotonic. */
export interface Return {
  readonly handle: PubsubHandle;
  readonly comesAtMs: number;
  /** The same at the earliest: the service may have taken it back long before it answered. @default comesAtMs */
  readonly earliestMs?: number;
}

/** Brings deliveries: streams for workers, single pulls for pull mode. */
export interface Receiver {
  open(signal: AbortSignal): Promise<void>;
  setFlow(flow: Flow): Promise<void>;
  receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<PubsubHandle>[]>;
  /** Settlements begin: these deliveries are no longer outstanding. */
  settling(handles: readonly PubsubHandle[]): void;
  /** The service has answered this many settlements. */
  settled(count: number): void;
  /** These deliveries are going back; the service redelivers later messages of their keys after them. */
  releasing(handles: readonly PubsubHandle[]): void;
  /** These deliveries have been given back, and are offered again at their `comesAtMs`. */
  released(returns: readonly Return[]): void;
  /** The service counts a delivery that was released with a delay until `untilMs`. */
  parked(handle: PubsubHandle, untilMs: number): void;
  extended(handle: PubsubHandle, untilMs: number): void;
  close(): Promise<void>;
}

/**
 * Makes deliveries that nobody has begun visible again. If that fails, they come again when their leases end.
 * Never rejects.
 */
export async function giveBack(
  { subscription, events }: Pick<ReceiverParts, "subscription" | "events">,
  deliveries: readonly Delivery<PubsubHandle>[],
): Promise<void> {
  if (deliveries.length === 0) return;
  for (const { handle } of deliveries) subscription.handBacks.addOnce(handle);
  const items = deliveries.map(({ handle }) => ({ ackId: handle.ackId, seconds: 0 }));
  await subscription.changeDeadlines(items).catch((error: unknown) => events.fault(error));
}

/** The result of a request for leases. */
export interface Confirmation {
  readonly ours: readonly Delivery<PubsubHandle>[];
  /** The first lost delivery of each ordering key: nothing after it is ours until it comes again. */
  readonly lost: readonly Return[];
  /** Confirmed behind a delivery that is gone: it may be that delivery once more. Kept, it would be overtaken. */
  readonly behind: readonly Delivery<PubsubHandle>[];
  /** Refused for good: somebody else may have them already. */
  readonly gone: ReadonlySet<Delivery<PubsubHandle>>;
}

/** Tries of a request that fails temporarily. */
export const TRIES = 3;
const PAUSE_MS = 100;

/**
 * Confirms deliveries and gives each a lease of `leaseMs`. Leaves out those that cannot be confirmed and
 * those behind them on their keys: the service redelivers these in order. A lost answer costs a whole lease,
 * so temporary failures are retried. `isLost`: which results mean that a delivery is not ours; by default
 * all but a success.
 */
export async function confirmed(
  parts: Pick<ReceiverParts, "subscription" | "leaseMs" | "clock">,
  deliveries: readonly Delivery<PubsubHandle>[],
  isLost: (result: ItemResult | undefined) => boolean = (result) => result?.ok !== true,
): Promise<Confirmation> {
  const { subscription, leaseMs, clock } = parts;
  const results = await leaseResults(parts, deliveries);
  const lost = new Map<string, Return>();
  const behind: Delivery<PubsubHandle>[] = [];
  const nowMs = clock.now();
  const ours = deliveries.filter((delivery, index) => {
    const { orderingKey, handle } = delivery;
    const result = results[index];
    const isOurs = result?.ok === true;
    if (orderingKey === undefined || !subscription.keepsOrder) return isOurs;
    if (isLost(result) && !lost.has(orderingKey)) {
      // Gone, it is already on its way to somebody. Otherwise a try may have taken effect, or none.
      const comesAtMs = nowMs + (isGone(result) ? 0 : leaseMs);
      const earliestMs = Math.min(handle.countedUntilMs ?? comesAtMs, comesAtMs);
      lost.set(orderingKey, { handle, comesAtMs, earliestMs });
    }
    // Behind a lease that goes on, it comes again when that ends.
    if (isOurs && lost.get(orderingKey)?.comesAtMs === nowMs) behind.push(delivery);
    return isOurs && !lost.has(orderingKey);
  });
  const gone = deliveries.filter((_, index) => isGone(results[index]));
  return { ours, lost: [...lost.values()], behind, gone: new Set(gone) };
}

/** Refused for good: the lease is somebody else's, or nobody's. */
export function isGone(result: ItemResult | undefined): boolean {
  return result?.ok === false && classifyPubsubError(result.error, "extend").code === "LEASE_LOST";
}

async function leaseResults(
  { subscription, leaseMs, clock }: Pick<ReceiverParts, "subscription" | "leaseMs" | "clock">,
  deliveries: readonly Delivery<PubsubHandle>[],
): Promise<readonly (ItemResult | undefined)[]> {
  const seconds = Math.ceil(leaseMs / 1_000);
  const results: (ItemResult | undefined)[] = deliveries.map(() => undefined);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const open = [...deliveries.entries()].filter(([index]) => isPassingResult(results[index]));
    if (open.length === 0) break;
    if (attempt > 1) await new Promise<void>((resolve) => clock.setTimer(resolve, PAUSE_MS * attempt, true));
    const items = open.map(([, { handle }]) => ({ ackId: handle.ackId, seconds }));
    const answers = await subscription.changeDeadlines(items);
    for (const [position, [index]] of open.entries()) results[index] = answers[position];
  }
  return results;
}

/** True: another try may succeed. */
export function isPassingResult(result: ItemResult | undefined): boolean {
  return result === undefined || (!result.ok && classifyPubsubError(result.error, "extend").retryable);
}
