import { setTimeout as sleep } from "node:timers/promises";
import type { SdkClient, SdkMessage, SdkReceiver } from "./app-packages-types.ts";
import { HeldMessage } from "./held-message.ts";
import { nextSession, openReceiver } from "./settling-client.ts";

export interface SettlingPumpOptions {
  readonly client: SdkClient;
  readonly entity: string;
  readonly hasSessions: boolean;
  /** Messages per call. */
  readonly batchSize: number;
  /** Parallel calls; with sessions, parallel sessions. */
  readonly maxConcurrency: number;
  /** Whether locks are renewed. The host does so only for single messages. */
  readonly keepsLocks: boolean;
  readonly isOnce: boolean;
  /** Calls the function. */
  readonly onBatch: (messages: readonly HeldMessage[]) => Promise<void>;
  readonly onWarning: (text: string) => void;
}

/** Receive requests are short and never aborted: messages that arrived afterwards would stay locked. */
const ASK = { maxWaitTimeInMs: 1_000 };
/** The last request of a run that ends when empty, if the service still shows messages: it may be slow. */
const LAST_ASK = { maxWaitTimeInMs: 5_000 };
/** Starts at the first message: else a peek goes on after the last. The SDK reads these two members. */
const SHOWN = { fromSequenceNumber: { __isLong__: true, toBytesBE: () => Array<number>(8).fill(0) } };
const MAX_SHOWN = 100;
/** How long a call of cardinality "many" waits for more messages once it has one. */
const MORE = { maxWaitTimeInMs: 50 };
const PAUSE_AFTER_FAILURE_MS = 1_000;
const MAX_FAILURES_IN_A_ROW = 5;
const MIN_RENEWAL_MS = 250;

/** Receives messages with their locks and hands them to calls, which settle them. */
export class SettlingPump {
  readonly #options: SettlingPumpOptions;
  #running = 0;

  constructor(options: SettlingPumpOptions) {
    this.#options = options;
  }

  /** Resolves when `signal` aborts, or nothing is left with `isOnce`, once every call has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const over = AbortSignal.any([signal, failed.signal]);
    const pollers = Array.from({ length: this.#options.maxConcurrency }, async () => {
      try {
        await this.#poll(over);
      } catch (error) {
        failed.abort();
        throw error;
      }
    });
    const results = await Promise.allSettled(pollers);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { hasSessions, isOnce, onWarning } = this.#options;
    let receiver: SdkReceiver | undefined;
    let failuresInARow = 0;
    /* oxlint-disable no-await-in-loop -- one poller */
    try {
      while (!signal.aborted) {
        let held: readonly HeldMessage[];
        try {
          receiver ??= await this.#open();
          held = receiver === undefined ? [] : await this.#receive(receiver);
          failuresInARow = 0;
        } catch (error) {
          failuresInARow += 1;
          if (failuresInARow >= MAX_FAILURES_IN_A_ROW) throw error;
          onWarning(`${String(error)} Trying again.`);
          await close(receiver);
          receiver = undefined;
          await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { signal }).catch(() => {});
          continue;
        }
        if (signal.aborted) {
          // The end of a session gives its messages back, and does not count as a delivery.
          if (!hasSessions) await abandonAll(held);
          break;
        }
        const isSessionOver = held.length === 0 || (await this.#call(held));
        if (hasSessions && receiver !== undefined && isSessionOver) {
          // Another session may have messages: a run ends when no session is left.
          await close(receiver);
          receiver = undefined;
        } else if (held.length === 0 && isOnce && this.#running === 0) break;
      }
    } finally {
      await close(receiver);
    }
    /* oxlint-enable no-await-in-loop */
  }

  async #open(): Promise<SdkReceiver | undefined> {
    const { client, entity, hasSessions } = this.#options;
    return hasSessions ? await nextSession(client, entity) : openReceiver(client, entity);
  }

  async #receive(receiver: SdkReceiver): Promise<readonly HeldMessage[]> {
    const { batchSize } = this.#options;
    const first = await this.#receiveFirst(receiver);
    const more =
      first.length === 0 || batchSize === 1 ? [] : await receiver.receiveMessages(batchSize - 1, MORE);
    return [...first, ...more].map((message) => new HeldMessage(message, receiver));
  }

  /** A peek also shows messages that others hold, so a run ends if a longer request brings nothing either. */
  async #receiveFirst(receiver: SdkReceiver): Promise<readonly SdkMessage[]> {
    const { hasSessions, isOnce } = this.#options;
    const first = await receiver.receiveMessages(1, ASK);
    if (first.length > 0 || hasSessions || !isOnce || this.#running > 0) return first;
    const shown = await receiver.peekMessages(MAX_SHOWN, SHOWN);
    const isEmpty = shown.every(({ state }) => state !== "active");
    return isEmpty ? first : await receiver.receiveMessages(1, LAST_ASK);
  }

  /** Returns true if the function released its session. If the call throws, abandons unsettled messages. */
  async #call(held: readonly HeldMessage[]): Promise<boolean> {
    const stopRenewing = this.#options.keepsLocks ? this.#keepLocks(held) : () => {};
    this.#running += 1;
    try {
      await this.#options.onBatch(held);
    } catch (error) {
      await abandonAll(held.filter(({ settledAs }) => settledAs === undefined));
      throw error;
    } finally {
      this.#running -= 1;
      stopRenewing();
    }
    return held.some(({ isSessionReleased }) => isSessionReleased);
  }

  /** Renews at half of the remaining time. Returns a function that stops it. */
  #keepLocks(held: readonly HeldMessage[]): () => void {
    const over = new AbortController();
    const keep = async (message: HeldMessage): Promise<void> => {
      let until = message.message.lockedUntilUtc;
      while (until !== undefined && message.settledAs === undefined && !over.signal.aborted) {
        const waitMs = Math.max(MIN_RENEWAL_MS, (until.getTime() - Date.now()) / 2);
        // oxlint-disable-next-line no-await-in-loop -- one lock
        await sleep(waitMs, undefined, { signal: over.signal });
        // oxlint-disable-next-line no-await-in-loop
        until = await message.renewLock();
      }
    };
    // A lost lock is reported when the message is settled.
    for (const message of held) keep(message).catch(() => {});
    return () => over.abort();
  }
}

/** A message that cannot be abandoned comes again when its lock ends. */
async function abandonAll(held: readonly HeldMessage[]): Promise<void> {
  await Promise.allSettled(held.map(async (message) => await message.abandon()));
}

/** A receiver that is already gone counts as closed. */
async function close(receiver: SdkReceiver | undefined): Promise<void> {
  await receiver?.close().catch(() => {});
}
