import { HandBacks, QueueError, type EventBatch, type Outcome, type Target } from "@anyqueue/core/adapter";
import { AnsweredMessages } from "./answered-messages.ts";
import { inTime } from "./in-time.ts";
import type { InTime } from "./push-body.ts";
import { ORDERED_CAPABILITIES, PUBSUB_LIMITS } from "./pubsub-limits.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import type { ResolvedPush } from "./push-options.ts";
import { PushTurns, type EndTurn } from "./push-turns.ts";
import { scopeOf, type PushCounts, type PushedDelivery, type SubscriptionName } from "./push-wire.ts";

/** The same for every push: one shared array, so that nothing is allocated for each call. */
const NOTICES: readonly string[] = Object.freeze([
  "a push subscription cannot delay one message: what fails comes again when the subscription's own retry policy says, whatever delay the definition or the handler asks for",
]);
/** Kept back from the ack deadline while a message arrives or waits for its turn: a refusal must be heard. */
const REFUSAL_MS = 1_000;

/**
 * What all pushes share, however they arrive. Each call brings one message and knows nothing of the others.
 * The desk counts the calls, makes them take turns, and remembers what was answered.
 */
export class PushDesk {
  readonly counts: PushCounts = { handBacks: new HandBacks(), failures: new HandBacks() };
  readonly #settings: ResolvedPush;
  readonly #turns: PushTurns;
  readonly #answered: AnsweredMessages;
  readonly #visits = new WeakMap<
    EventBatch<PubsubHandle>,
    { readonly endTurn: EndTurn; readonly key: string }
  >();
  /** Calls under way. */
  #inHand = 0;

  constructor(settings: ResolvedPush) {
    this.#settings = settings;
    this.#turns = new PushTurns(settings.clock);
    this.#answered = new AnsweredMessages(settings.clock, settings.rememberMs);
  }

  /**
   * Decodes a call's message and waits for its turn. `arrivedAtMs`: when the call came, monotonic. `decode`
   * gets what bounds the time in which it reads.
   * @throws THROTTLED beyond `maxRequests`, or if earlier messages take too long; and what `decode` throws
   */
  async receive(
    decode: (inTime: InTime) => PushedDelivery | Promise<PushedDelivery>,
    arrivedAtMs: number = this.#settings.clock.now(),
  ): Promise<EventBatch<PubsubHandle>> {
    this.#enter();
    const { clock, ackDeadlineMs } = this.#settings;
    const remainingMs =
      ackDeadlineMs === undefined ? undefined : () => arrivedAtMs + ackDeadlineMs - clock.now();
    try {
      const pushed = await decode(async (reading) => {
        const read = await inTime(clock, waitOf(remainingMs), reading);
        if (read === undefined) throw tooLate();
        return read;
      });
      return await this.#batch(pushed, remainingMs);
    } catch (error) {
      this.#inHand -= 1;
      throw error;
    }
  }

  /** Ends the call of a batch. @returns the outcome of its message */
  leave(batch: EventBatch<PubsubHandle>, outcomes: readonly Outcome[] = []): Outcome | undefined {
    const known = this.#visits.get(batch);
    const [outcome] = outcomes;
    if (known === undefined) return outcome;
    const { handBacks, failures } = this.counts;
    if (outcome?.kind === "release") {
      (outcome.cause === "retry" ? failures : handBacks).add(known.key);
    } else if (outcome !== undefined) {
      this.#answered.add(known.key);
      handBacks.forget(known.key);
      failures.forget(known.key);
    }
    this.#visits.delete(batch);
    this.#inHand -= 1;
    known.endTurn();
    return outcome;
  }

  #enter(): void {
    const { maxRequests } = this.#settings;
    if (this.#inHand >= maxRequests) {
      throw throttled(
        `${maxRequests} messages are already in hand`,
        "Nothing to do: Pub/Sub slows down. To take more, raise maxRequests, concurrency or the number of instances.",
      );
    }
    this.#inHand += 1;
  }

  async #batch(
    { delivery, subscription, key }: PushedDelivery,
    remainingMs: (() => number) | undefined,
  ): Promise<EventBatch<PubsubHandle>> {
    const { calls } = this.#settings;
    const { orderingKey } = delivery;
    // Done before the turn: an error while a turn is held would hold up its key for ever.
    const settling = calls?.of(subscription?.project, [delivery]);
    // A message that is pushed again while it is handled waits for its outcome, like a later one of its key.
    const turn = orderingKey === undefined ? `message ${key}` : `key ${scopeOf(subscription)} ${orderingKey}`;
    const endTurn = await this.#turns.take(turn, waitOf(remainingMs));
    if (endTurn === undefined) {
      this.counts.handBacks.add(key);
      throw throttled(
        "the message that has to be handled before this one is still being handled",
        "Nothing to do: it is pushed again. Handlers that take this long need a longer ack deadline.",
      );
    }
    const batch: EventBatch<PubsubHandle> = {
      deliveries: [delivery],
      target: targetOf(subscription),
      notices: NOTICES,
      wasSettled: () => this.#answered.has(key),
      ...(remainingMs !== undefined && { remainingMs }),
      ...settling,
    };
    this.#visits.set(batch, { endTurn, key });
    return batch;
  }
}

function waitOf(remainingMs: (() => number) | undefined): number | undefined {
  return remainingMs === undefined ? undefined : Math.max(0, remainingMs() - REFUSAL_MS);
}

/** A push does not show whether the subscription keeps order; whoever needs order must enable it. */
function targetOf(subscription: SubscriptionName | undefined): Target {
  const { project = "", id = "unknown" } = subscription ?? {};
  return {
    name: `pubsub://${project}/${id}`,
    entity: id,
    ref: { kind: "queue", name: id, exact: true, features: [] },
    capabilities: ORDERED_CAPABILITIES,
    limits: PUBSUB_LIMITS,
  };
}

/** Otherwise a client that stops sending would keep its place here, and what it has sent. */
function tooLate(): QueueError {
  const what = "the request's body did not arrive before the ack deadline";
  return new QueueError("TIMEOUT", { what, remedy: "Its message is pushed again.", provider: "pubsub" });
}

function throttled(what: string, remedy: string): QueueError {
  return new QueueError("THROTTLED", { what, remedy, provider: "pubsub" });
}
