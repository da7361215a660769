import { setTimeout as sleep } from "node:timers/promises";
import { LAMBDA_MAX_PAYLOAD_BYTES } from "@anyqueue/emulator/lambda";
import type { Message } from "@aws-sdk/client-sqs";
import { eventRecord } from "./event-record.ts";

/** Where a gatherer gets its messages. */
export interface MessageSource {
  receive(max: number, waitSeconds: number): Promise<readonly Message[]>;
}

/** The messages of one call of the function, and its event. */
export interface GatheredBatch {
  readonly messages: readonly Message[];
  readonly event: string;
}

export interface GatherOptions {
  readonly queueArn: string;
  readonly batchSize: number;
  readonly windowMs: number;
}

/** Wait per receive request. Short, since a request is never aborted: its messages must not get lost. */
const ASK_SECONDS = 1;
const PAUSE_MS = 100;

/** Gathers messages into batches by size, window and bytes, like Lambda's poller. */
export class BatchGatherer {
  readonly #source: MessageSource;
  readonly #options: GatherOptions;
  #held: Message[] = [];

  constructor(source: MessageSource, options: GatherOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Messages that were received but are not in a batch yet. */
  get held(): readonly Message[] {
    return this.#held;
  }

  /** Returns undefined if the queue is empty, or `signal` aborted: then `held` may have messages. */
  async next(signal: AbortSignal, waitSeconds = ASK_SECONDS): Promise<GatheredBatch | undefined> {
    const { batchSize, windowMs } = this.#options;
    if (this.#held.length === 0) await this.#ask(waitSeconds);
    const endsAtMs = performance.now() + windowMs;
    while (this.#held.length > 0 && this.#held.length < batchSize && !signal.aborted) {
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) break;
      // oxlint-disable-next-line no-await-in-loop -- a window is a sequence of asks
      await this.#askWithin(leftMs, signal);
    }
    if (signal.aborted || this.#held.length === 0) return undefined;
    return this.#take();
  }

  async #askWithin(leftMs: number, signal: AbortSignal): Promise<void> {
    const before = this.#held.length;
    await this.#ask(leftMs >= ASK_SECONDS * 1_000 ? ASK_SECONDS : 0);
    if (this.#held.length > before) return;
    await sleep(Math.min(leftMs, PAUSE_MS), undefined, { signal }).catch(() => {});
  }

  async #ask(waitSeconds: number): Promise<void> {
    const room = this.#options.batchSize - this.#held.length;
    this.#held.push(...(await this.#source.receive(room, waitSeconds)));
  }

  /** Takes as many messages as fit into one event; the rest is for the next one. */
  #take(): GatheredBatch {
    const records: string[] = [];
    let bytes = '{"Records":[]}'.length;
    for (const message of this.#held) {
      const record = JSON.stringify(eventRecord(message, this.#options.queueArn));
      bytes += Buffer.byteLength(record) + 1;
      if (records.length > 0 && bytes > LAMBDA_MAX_PAYLOAD_BYTES) break;
      records.push(record);
    }
    const messages = this.#held.splice(0, records.length);
    return { messages, event: `{"Records":[${records.join(",")}]}` };
  }
}
