import type { DeadLetterItem, ItemResult, ReleaseItem } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { LockLength } from "./lock-length.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { nextTurn } from "./next-turn.ts";
import { linkGone, messageLock, renewLock } from "./renew-lock.ts";
import { isIdleDetach } from "./service-bus-errors.ts";
import type { HandleOwner, ServiceBusHandle } from "./service-bus-handle.ts";
import { Settlements } from "./settlements.ts";

/**
 * One receiver that takes a fixed number of messages at most, for one ask at a time. The SDK's `receiveMessages` waits
 * a second for more when it has too few, and loses what it holds when it is aborted; a subscription that ends with the
 * first message and is drained does neither.
 */
export class PullLink implements HandleOwner {
  readonly leaseKey: string | undefined = undefined;
  readonly credit: number;
  readonly #receiver: ServiceBusReceiver;
  readonly #connection: NamespaceConnection;
  readonly #locks: LockLength;
  readonly #settlements: Settlements;
  #isClosed = false;
  isBusy = false;
  /** False if the last ask was over before the link could ask the service for anything. */
  hasAsked = false;

  constructor(
    receiver: ServiceBusReceiver,
    credit: number,
    connection: NamespaceConnection,
    locks: LockLength,
  ) {
    this.#receiver = receiver;
    this.credit = credit;
    this.#connection = connection;
    this.#locks = locks;
    this.#settlements = new Settlements(receiver, connection);
  }

  /** What came until `ended`, or until the first was there and nothing more was on its way. @throws what the SDK reports */
  async take(ended: Promise<void>): Promise<readonly ServiceBusHandle[]> {
    const handles: ServiceBusHandle[] = [];
    const failures: unknown[] = [];
    const stopping = new AbortController();
    let openGate = (): void => {};
    // Withheld until the subscription has ended: the SDK would ask for one message more with each.
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    let report = (): void => {};
    const changed = new Promise<void>((resolve) => {
      report = resolve;
    });
    this.isBusy = true;
    this.hasAsked = true;
    try {
      const subscription = this.#subscribe(stopping.signal, {
        processMessage: async (message) => {
          handles.push({ message, owner: this, leaseUntilMs: this.#locks.untilMs(message.lockedUntilUtc) });
          report();
          await gate;
        },
        processError: async ({ error }) => {
          if (stopping.signal.aborted) {
            // The SDK says that it was stopped before it had given any credit.
            this.hasAsked = false;
            return;
          }
          if (isIdleDetach(error)) return;
          failures.push(error);
          report();
        },
      });
      await Promise.race([changed, ended]);
      // First, so that a subscription that is still trying to begin ends too.
      stopping.abort();
      await subscription.close();
    } finally {
      openGate();
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
    await this.#receiver.close();
  }

  async complete({ message }: ServiceBusHandle, signal: AbortSignal): Promise<ItemResult> {
    return this.#ifClosed() ?? (await this.#settlements.complete(message, signal));
  }

  async release({ handle, note }: ReleaseItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return this.#ifClosed() ?? (await this.#settlements.abandon(handle.message, note, signal));
  }

  async deadLetter(item: DeadLetterItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return this.#ifClosed() ?? (await this.#settlements.deadLetter(item.handle.message, item, signal));
  }

  async renew(
    { message }: ServiceBusHandle,
    signal: AbortSignal,
  ): Promise<ItemResult<{ readonly leaseMs: number }>> {
    const renew = messageLock(this.#receiver, message);
    return this.#ifClosed() ?? (await renewLock(renew, this.#connection, this.#locks, signal));
  }

  #subscribe(signal: AbortSignal, handlers: Handlers): { close(): Promise<void> } {
    const options = { autoCompleteMessages: false, maxConcurrentCalls: this.credit, abortSignal: signal };
    return this.#connection.scoped(() => this.#receiver.subscribe(handlers, options));
  }

  #ifClosed(): { readonly ok: false; readonly error: unknown } | undefined {
    return this.#isClosed ? { ok: false, error: linkGone() } : undefined;
  }
}

interface Handlers {
  processMessage(message: ServiceBusReceivedMessage): Promise<void>;
  processError(args: { readonly error: unknown }): Promise<void>;
}
