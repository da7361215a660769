import { setTimeout as sleep } from "node:timers/promises";
import type { SdkClient, SdkReceiver } from "./app-packages-types.ts";
import { HeldMessage } from "./held-message.ts";
import { nextSession, openReceiver } from "./settling-client.ts";

export interface SettlingPumpOptions {
  readonly client: SdkClient;
  readonly entity: string;
  readonly hasSessions: boolean;
  /** Messages of one call. */
  readonly batchSize: number;
  /** Calls under way at once; with sessions, sessions at once. */
  readonly maxConcurrency: number;
  /** The host renews locks of single messages alone. */
  readonly keepsLocks: boolean;
  readonly isOnce: boolean;
  /** Calls the function. */
  readonly onBatch: (messages: readonly HeldMessage[]) => Promise<void>;
  readonly onWarning: (text: string) => void;
}

/** Asks are short and never aborted: what an ask brings after that would stay locked. */
const ASK = { maxWaitTimeInMs: 1_000 };
/** How long a call of cardinality "many" waits for more messages when it has one. */
const MORE = { maxWaitTimeInMs: 50 };
const PAUSE_AFTER_FAILURE_MS = 1_000;
const MAX_FAILURES_IN_A_ROW = 5;
const MIN_RENEWAL_MS = 250;

/** Takes messages with their locks and hands them to calls, which settle them by themselves. */
export class SettlingPump {
  readonly #options: SettlingPumpOptions;
  #running = 0;

  constructor(options: SettlingPumpOptions) {
    this.#options = options;
  }

  /** Resolves when `signal` has aborted, or with `isOnce` nothing is left, and every call has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const pollers = Array.from(
      { length: this.#options.maxConcurrency },
      async () => await this.#poll(signal),
    );
    const results = await Promise.allSettled(pollers);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    let receiver: SdkReceiver | undefined;
    let failuresInARow = 0;
    /* oxlint-disable no-await-in-loop -- one poller */
    while (!signal.aborted) {
      try {
        receiver ??= await this.#open();
        const held = receiver === undefined ? [] : await this.#receive(receiver);
        failuresInARow = 0;
        const isSessionOver = held.length === 0 || (await this.#call(held));
        if (receiver !== undefined && this.#options.hasSessions && isSessionOver) {
          await receiver.close();
          receiver = undefined;
        }
        if (held.length === 0 && this.#options.isOnce && this.#running === 0) break;
      } catch (error) {
        failuresInARow += 1;
        if (failuresInARow >= MAX_FAILURES_IN_A_ROW) throw error;
        this.#options.onWarning(`${String(error)} Trying again.`);
        receiver = undefined;
        await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { signal }).catch(() => {});
      }
    }
    /* oxlint-enable no-await-in-loop */
    await receiver?.close();
  }

  async #open(): Promise<SdkReceiver | undefined> {
    const { client, entity, hasSessions } = this.#options;
    return hasSessions ? await nextSession(client, entity) : openReceiver(client, entity);
  }

  async #receive(receiver: SdkReceiver): Promise<readonly HeldMessage[]> {
    const { batchSize } = this.#options;
    const first = await receiver.receiveMessages(1, ASK);
    const more =
      first.length === 0 || batchSize === 1 ? [] : await receiver.receiveMessages(batchSize - 1, MORE);
    return [...first, ...more].map((message) => new HeldMessage(message, receiver));
  }

  /** True: the function let its session go. */
  async #call(held: readonly HeldMessage[]): Promise<boolean> {
    const stopRenewing = this.#options.keepsLocks ? this.#keepLocks(held) : () => {};
    this.#running += 1;
    try {
      await this.#options.onBatch(held);
    } finally {
      this.#running -= 1;
      stopRenewing();
    }
    return held.some(({ isSessionReleased }) => isSessionReleased);
  }

  /** Renews at half of what is left. Returns what ends it. */
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
    // A lock that is lost shows when the message is settled.
    for (const message of held) keep(message).catch(() => {});
    return () => over.abort();
  }
}
