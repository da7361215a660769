import {
  QueueError,
  type Clock,
  type DeadLetterItem,
  type ItemResult,
  type ReleaseItem,
} from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { LockLength } from "./lock-length.ts";
import type { EntityReceivers } from "./entity-receivers.ts";
import { nextTurn } from "./next-turn.ts";
import { PROVIDER } from "./refusal.ts";
import { linkGone } from "./renew-lock.ts";
import { isIdleDetach } from "./service-bus-errors.ts";
import { field } from "./field.ts";
import type { Done, HandleOwner, ServiceBusHandle } from "./service-bus-handle.ts";
import { MAX_LOCK_MS, REQUEST_TIMEOUT_MS } from "./service-bus-limits.ts";
import { settlesWithin } from "./settles-within.ts";
import { SettlingSide } from "./settling-side.ts";

/**
 * One receiver that takes at most a fixed number of messages, for one ask at a time. If the SDK's
 * `receiveMessages` has too few, it waits a second for more; if it is aborted, it loses what it holds. A
 * subscription that ends with the first message and is drained does neither.
 */
export class PullLink implements HandleOwner {
  readonly leaseKey: string | undefined = undefined;
  readonly credit: number;
  readonly #receiver: ServiceBusReceiver;
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #clock: Clock;
  readonly #settling: SettlingSide;
  #isClosed = false;
  /** When a lock was given or renewed last, in monotonic time. */
  #lockedAtMs = Number.NEGATIVE_INFINITY;
  /** Ends the current ask. */
  #giveUp: ((error: unknown) => void) | undefined;
  isBusy = false;
  /** False if the last ask was over before the link could ask the service for anything. */
  hasAsked = false;

  constructor(
    receiver: ServiceBusReceiver,
    credit: number,
    receivers: EntityReceivers,
    locks: LockLength,
    clock: Clock,
  ) {
    this.#receiver = receiver;
    this.credit = credit;
    this.#receivers = receivers;
    this.#locks = locks;
    this.#clock = clock;
    this.#settling = new SettlingSide(receiver, receivers, locks, (error) => {
      this.#settling.breakOff();
      this.#giveUp?.(error);
    });
  }

  /** True if nothing can be received on it any more; messages that came on it are still settled. */
  get isBroken(): boolean {
    return this.#settling.isBroken;
  }

  /** True if it is broken, and no lock of its messages can last: nothing is left to settle. */
  get isSpent(): boolean {
    return this.isBroken && !this.isBusy && this.#locks.now() - this.#lockedAtMs > MAX_LOCK_MS;
  }

  /**
   * Takes messages until `wait` is over, or the first is here and no more is on its way.
   * @param wait gets what resolves once the service may send messages
   * @throws SDK errors, and TIMEOUT if the service does not say that no more is on its way
   */
  async take(wait: (opened: Promise<void>) => Promise<void>): Promise<readonly ServiceBusHandle[]> {
    const handles: ServiceBusHandle[] = [];
    const failures: unknown[] = [];
    const stopping = new AbortController();
    // Closed until the subscription has ended: otherwise the SDK would ask for one more message with each.
    const gate = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const changed = Promise.withResolvers<void>();
    const fail = (error: unknown): void => {
      failures.push(error);
      changed.resolve();
    };
    // Heard from now on: whatever fails before it is awaited, a wait that fails must not end the process.
    const over = wait(opened.promise).catch((error: unknown) => failures.push(error));
    this.isBusy = true;
    this.hasAsked = true;
    this.#giveUp = fail;
    try {
      const subscription = this.#subscribe(stopping.signal, {
        postInitialize: async () => opened.resolve(),
        processMessage: async (message) => {
          this.#lockedAtMs = this.#locks.now();
          handles.push({ message, owner: this, leaseUntilMs: this.#locks.untilMs(message) });
          changed.resolve();
          await gate.promise;
        },
        processError: async ({ error }) => {
          const isStop = field(error, "name") === "AbortError";
          // The SDK reports that it was stopped before it gave any credit.
          if (isStop) this.hasAsked = false;
          else this.#settling.breakOff();
          if (!stopping.signal.aborted && !isIdleDetach(error)) fail(error);
        },
      });
      await Promise.race([changed.promise, over]);
      const { isBroken } = this.#settling;
      // First, so that a subscription that is still trying to begin ends too.
      if (!isBroken) stopping.abort();
      const closed = this.#receivers.connection.bounded(subscription.close(), undefined);
      // Not awaited: the drain of a link that is gone would only run into the SDK's timeouts.
      if (isBroken) closed.catch(() => {});
      else if (!(await settlesWithin(closed, REQUEST_TIMEOUT_MS, this.#clock))) {
        this.#settling.breakOff();
        failures.push(notEnded());
      }
    } finally {
      this.#giveUp = undefined;
      gate.resolve();
      // The SDK reacts to the open gate in microtasks; the next subscription must find none of them.
      await new Promise<void>((resolve) => {
        nextTurn(resolve);
      });
      this.isBusy = false;
    }
    if (handles.length === 0 && failures.length > 0) throw failures[0];
    return handles;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#settling.close();
  }

  complete(handle: ServiceBusHandle, signal: AbortSignal, done: Done): void {
    const gone = this.#ifClosed();
    if (gone === undefined) this.#settling.complete(handle, signal, done);
    else done(gone);
  }

  async release({ handle, note }: ReleaseItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return this.#ifClosed() ?? (await this.#settling.abandon(handle.message, note, signal));
  }

  async deadLetter(item: DeadLetterItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return this.#ifClosed() ?? (await this.#settling.deadLetter(item.handle.message, item, signal));
  }

  async renew(
    { message }: ServiceBusHandle,
    signal: AbortSignal,
  ): Promise<ItemResult<{ readonly leaseMs: number }>> {
    this.#lockedAtMs = this.#locks.now();
    return this.#ifClosed() ?? (await this.#settling.renew(message, signal));
  }

  #subscribe(signal: AbortSignal, handlers: Handlers): { close(): Promise<void> } {
    const options = { autoCompleteMessages: false, maxConcurrentCalls: this.credit, abortSignal: signal };
    return this.#receivers.connection.scoped(() => this.#receiver.subscribe(handlers, options));
  }

  #ifClosed(): { readonly ok: false; readonly error: unknown } | undefined {
    return this.#isClosed ? { ok: false, error: linkGone() } : undefined;
  }
}

interface Handlers {
  /** The SDK (7.9.5) calls it just before it gives credit, although its types do not say so. */
  postInitialize(): Promise<void>;
  processMessage(message: ServiceBusReceivedMessage): Promise<void>;
  processError(args: { readonly error: unknown }): Promise<void>;
}

function notEnded(): QueueError {
  const what = "the service did not say in time that no more messages are on their way";
  return new QueueError("TIMEOUT", { what, provider: PROVIDER });
}
