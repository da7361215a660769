import {
  LinkedList,
  QueueError,
  setTimeLimit,
  systemClock,
  type ItemResult,
  type Linked,
} from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { field } from "./field.ts";
import { LeanMessage, type MakeMessage, type RawContext, type RawDelivery } from "./lean-message.ts";
import { PROVIDER } from "./refusal.ts";
import type { Done } from "./service-bus-handle.ts";
import { isRheaDelivery } from "./rhea-names.ts";
import { REQUEST_TIMEOUT_MS } from "./service-bus-limits.ts";
import { DONE } from "./settlements.ts";
import { takerOf, tapTransfers } from "./transfer-tap.ts";
import { TransferTaker, type TransferEvents } from "./transfer-taker.ts";

type Handler = (context: RawContext) => unknown;

/** The SDK's inner names in a subscribed receiver (7.9.5). */
interface Streaming {
  readonly link?: Link;
  readonly _receiverHelper: { addCredit(count: number): void };
  readonly _deliveryDispositionMap: Map<number, unknown>;
  _createReceiverOptions(useNewName: boolean, handlers: object): Handlers;
}

interface Link {
  readonly name: string;
  readonly credit: number;
  readonly drain: boolean;
  isOpen(): boolean;
  emit(event: "receiver_drained"): void;
}

interface Handlers {
  readonly onMessage: Handler;
  readonly onSettled: Handler;
}

interface Waiting extends Linked<Waiting> {
  readonly delivery: RawDelivery;
  readonly untilMs: number;
  readonly done: Done;
}

/** A delivery's waiting settlement: a Map would keep deliveries alive for long (docs/decisions/0032). */
const WAITING = Symbol("who waits for the settlement");
type Marked = RawDelivery & { [WAITING]?: Waiting | undefined };

/**
 * Takes the messages and answers of one subscription before the SDK does. The SDK makes a large object,
 * several promises and a span for each message, and a timer, more promises and another span for each
 * settlement. Here a message is read only when somebody reads it, and a complete is what it is on the wire:
 * one `accept` and one answer.
 *
 * Links, tokens, credit, recovery and every other settlement stay with the SDK. It is found by its inner
 * names. If those are gone, or if the first message is read differently than by the SDK, everything goes
 * through the SDK.
 */
export class LeanStream {
  readonly #streaming: Streaming;
  readonly #arrived: (message: LeanMessage) => void;
  /** In the order of their time limits. */
  readonly #waiting = new LinkedList<Waiting>();
  #isWatched = false;
  #freed = 0;
  /** The first message goes through the SDK, to show how the SDK makes one. */
  #first: RawContext | undefined;
  #make: MakeMessage | undefined;
  #isOff = false;

  constructor(streaming: Streaming, arrived: (message: LeanMessage) => void) {
    this.#streaming = streaming;
    this.#arrived = arrived;
  }

  /**
   * @param receiver one that has just been subscribed: its link is not made before the next microtask
   * @returns undefined if its inner names are different
   */
  static of(receiver: object, arrived: (message: LeanMessage) => void): LeanStream | undefined {
    const streaming = field(receiver, "_streamingReceiver");
    if (!isStreaming(streaming)) return undefined;
    const lean = new LeanStream(streaming, arrived);
    const create = streaming._createReceiverOptions;
    streaming._createReceiverOptions = (useNewName, handlers) => {
      const options = create.call(streaming, useNewName, handlers);
      const { onMessage, onSettled } = options;
      if (typeof onMessage !== "function" || typeof onSettled !== "function") return options;
      return {
        ...options,
        onMessage: (context: RawContext) => {
          const result = lean.#receive(context, onMessage);
          lean.#endDrain();
          return result;
        },
        onSettled: (context: RawContext) => lean.#settled(context, onSettled),
      };
    };
    return lean;
  }

  /** True if the service has opened the link, so that its credit may be out. */
  get isOpen(): boolean {
    return this.#streaming.link?.isOpen() === true;
  }

  /** Learns from the SDK's object of the first message. */
  learn(message: ServiceBusReceivedMessage): void {
    const context = this.#first;
    this.#first = undefined;
    if (context === undefined || this.#make !== undefined) return;
    this.#make = LeanMessage.makerOf(message, context);
    this.#isOff = this.#make === undefined;
  }

  /** Completes a message on its link. @returns false if that cannot be: the SDK knows what to do instead */
  accept(delivery: RawDelivery, done: Done): boolean {
    const { link } = this.#streaming;
    if (delivery.remote_settled || link?.isOpen() !== true || link.name !== delivery.link.name) return false;
    const untilMs = systemClock.now() + REQUEST_TIMEOUT_MS;
    this.#wait({ delivery, untilMs, done, previous: undefined, next: undefined });
    delivery.accept();
    return true;
  }

  /** Asks for one more message. All such requests of a turn go out together at its end. */
  readonly freeSlot = (): void => {
    this.#freed += 1;
    if (this.#freed > 1) return;
    queueMicrotask(() => {
      const freed = this.#freed;
      this.#freed = 0;
      try {
        this.#streaming._receiverHelper.addCredit(freed);
      } catch {
        // The link is gone, or is to bring nothing more: the SDK ignores it too.
      }
    });
  };

  readonly #transfers: TransferEvents = {
    arrived: (context) => {
      if (this.#make !== undefined) this.#take(context, this.#make);
      this.#endDrain();
    },
    isAwaited: (delivery) =>
      (delivery as Marked)[WAITING] !== undefined &&
      !this.#streaming._deliveryDispositionMap.has(delivery.id),
    settled: (delivery) => {
      const waiting = (delivery as Marked)[WAITING];
      if (waiting === undefined) return;
      this.#forget(waiting);
      waiting.done(DONE);
    },
  };

  #receive(context: RawContext, inSdk: Handler): unknown {
    const make = this.#make;
    if (make === undefined) {
      // During this call the SDK passes the message to our own handler, which calls `learn`.
      if (!this.#isOff) this.#first = context;
      return inSdk(context);
    }
    this.#tap(context);
    this.#take(context, make);
    return undefined;
  }

  /** Also on a closing link, where the SDK would drop it: it is locked for us and released by lock token. */
  #take(context: RawContext, make: MakeMessage): void {
    this.#arrived(new LeanMessage(context, make, this));
  }

  /**
   * All messages that the service had credit for are here, so no credit is left to take back. Not every
   * broker says so then, and the SDK would wait for the link in vain.
   */
  #endDrain(): void {
    const { link } = this.#streaming;
    if (link?.drain === true && link.credit === 0) link.emit("receiver_drained");
  }

  /** Lets the next messages of the link bypass rhea, too. */
  #tap(context: RawContext): void {
    const { delivery } = context;
    if (!isRheaDelivery(delivery)) return;
    const taker = takerOf(delivery.link);
    if (taker === undefined) tapTransfers(delivery.link, new TransferTaker(delivery.link, this.#transfers));
    else taker.prove(context);
  }

  #settled(context: RawContext, inSdk: Handler): unknown {
    const { delivery } = context;
    const waiting = (delivery as Marked)[WAITING];
    if (waiting === undefined) return inSdk(context);
    if (!delivery.remote_settled) return undefined;
    this.#forget(waiting);
    const { _deliveryDispositionMap: inTheSdk } = this.#streaming;
    if (inTheSdk.has(delivery.id)) {
      // The SDK settled it again after this one was given up: the later one gets the answer, as in the SDK.
      waiting.done(unanswered());
      return inSdk(context);
    }
    const error = delivery.remote_state?.error;
    if (!error?.condition && !error?.description) {
      waiting.done(DONE);
      return undefined;
    }
    // The SDK turns this into an error, as for its own settlements.
    inTheSdk.set(delivery.id, {
      resolve: () => waiting.done(DONE),
      reject: (reason: unknown) => waiting.done({ ok: false, error: reason }),
    });
    return inSdk(context);
  }

  #wait(waiting: Waiting): void {
    const delivery: Marked = waiting.delivery;
    const before = delivery[WAITING];
    if (before !== undefined) {
      this.#forget(before);
      before.done(unanswered());
    }
    delivery[WAITING] = waiting;
    this.#waiting.add(waiting);
    this.#watch();
  }

  #forget(waiting: Waiting): void {
    const delivery: Marked = waiting.delivery;
    delivery[WAITING] = undefined;
    this.#waiting.delete(waiting);
  }

  /** One timer serves all waiting settlements. */
  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const look = (): void => {
      this.#isWatched = false;
      this.#expire(systemClock.now());
      if (this.#waiting.first !== undefined) this.#watch();
    };
    setTimeLimit(systemClock, look, REQUEST_TIMEOUT_MS);
  }

  #expire(nowMs: number): void {
    for (const waiting of this.#waiting.toArray()) {
      if (waiting.untilMs > nowMs) return;
      this.#forget(waiting);
      waiting.done(unanswered());
    }
  }
}

function unanswered(): ItemResult {
  const what = "the service did not answer a settlement in time";
  return { ok: false, error: new QueueError("TIMEOUT", { what, provider: PROVIDER, ambiguous: true }) };
}

function isStreaming(value: unknown): value is Streaming {
  return (
    typeof field(value, "_createReceiverOptions") === "function" &&
    typeof field(field(value, "_receiverHelper"), "addCredit") === "function" &&
    field(value, "_deliveryDispositionMap") instanceof Map &&
    typeof value === "object" &&
    value !== null &&
    "link" in value
  );
}
