import { setTimeLimit } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import type { Outstanding } from "./outstanding.ts";
import { ParkedDeliveries } from "./parked-deliveries.ts";
import { isPassing } from "./pubsub-errors.ts";
import { HEALTHY_STREAM_MS, LATE_ANSWER_MS } from "./pubsub-limits.ts";
import type { PullClient } from "./pull-clients.ts";
import { PullStream } from "./pull-stream.ts";
import type { ReceiverParts } from "./receiver.ts";
import { StreamMark } from "./stream-mark.ts";
import { bytesOfNext, planStreams } from "./stream-plan.ts";

type Response = protos.google.pubsub.v1.IStreamingPullResponse;

export interface StreamPoolOptions extends ReceiverParts {
  readonly outstanding: Outstanding;
  readonly onResponse: (response: Response, stream: StreamMark) => void;
  /** A stream could not be opened, or ended in a way that an immediate retry would not mend. */
  readonly onFailure: (error: unknown) => void;
}

interface OpenStream {
  readonly stream: PullStream;
  readonly number: number;
  /** Its `maxOutstanding`. */
  readonly room: number;
  readonly maxBytes: number;
}

/** The streams of one consumer: together they have the wanted room, and share the consumer's bytes. */
export class StreamPool {
  readonly #options: StreamPoolOptions;
  readonly #clientId = crypto.randomUUID();
  readonly #parked = new ParkedDeliveries();
  #open: OpenStream[] = [];
  readonly #retiring = new Set<PullStream>();
  #place: PullClient | undefined;
  #starting: Promise<void> | undefined;
  #wanted = 0;
  #count = 0;
  /** True after a failure, until somebody asks again. */
  #isFailing = false;
  #isClosed = false;
  #onRetired: (() => void) | undefined;

  constructor(options: StreamPoolOptions) {
    this.#options = options;
  }

  /** Sets the room for all streams together; `isExplicit`: the flow was changed just now. */
  want(room: number, isExplicit: boolean): void {
    if (this.#isClosed) return;
    this.#wanted = room;
    // What arrives now goes back, and may come again at once: neither a failure nor an opening delays the end.
    if (room === 0) this.#retire(this.#open.length);
    else this.#adjust(isExplicit);
  }

  /** Tries again after a failure. */
  resume(): void {
    this.#isFailing = false;
    this.#adjust(false);
  }

  /** Called when a settlement begins: it may make room for another stream. */
  adjust(): void {
    this.#adjust(false);
  }

  /** Replaces the streams if deliveries waiting at the service take half of the room: new ones count none. */
  park(stream: number, untilMs: number): void {
    if (!this.#open.some(({ number }) => number === stream)) return;
    this.#parked.add(untilMs);
    const room = this.#open.reduce((sum, one) => sum + one.room, 0);
    if (this.#parked.areTooMany(room, this.#options.clock.now())) this.#retire(this.#open.length);
  }

  /** Ends all streams. Resolves when none can bring anything more, at the latest after a short while. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wanted = 0;
    this.#retire(this.#open.length);
    await this.#starting;
    await this.#retired();
    for (const stream of this.#retiring) stream.cancel();
    this.#place?.release();
    this.#place = undefined;
  }

  #adjust(isExplicit: boolean): void {
    if (this.#isFailing || this.#starting !== undefined || this.#retiring.size > 0) return;
    const { outstanding, clock } = this.#options;
    const isOpen = (stream: number): boolean => this.#open.some(({ number }) => number === stream);
    const plan = planStreams({
      wanted: this.#wanted,
      open: this.#open.map(({ room }) => room),
      heldElsewhere: outstanding.countElsewhere(isOpen, clock.now()),
      isExplicit,
    });
    if (plan.retire > 0) this.#retire(plan.retire);
    if (plan.room === 0) return;
    this.#starting = this.#start(plan.room)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#starting = undefined;
        // The flow may have changed meanwhile.
        if (this.#wanted !== plan.room) this.#adjust(true);
      });
  }

  async #start(room: number): Promise<void> {
    const { clients, subscription, clock, leaseMs, onResponse } = this.#options;
    const path = await subscription.path();
    this.#place ??= await clients.pull();
    if (this.#wanted === 0) return;
    this.#count += 1;
    const number = this.#count;
    const maxBytes = bytesOfNext(this.#open.map((one) => one.maxBytes));
    const mark = new StreamMark(number, clock.now());
    const stream: PullStream = new PullStream({
      client: this.#place.client,
      subscription: path,
      clientId: this.#clientId,
      leaseSeconds: Math.ceil(leaseMs / 1_000),
      maxOutstanding: room,
      maxBytes,
      clock,
      onResponse: (response) => onResponse(response, mark),
      onEnd: (error) => this.#ended(stream, error),
    });
    if (this.#open.length === 0) this.#parked.clear();
    this.#open.push({ stream, number, room, maxBytes });
  }

  /** The newest first. */
  #retire(count: number): void {
    const retired = this.#open.splice(this.#open.length - count);
    for (const { stream } of retired) this.#retiring.add(stream);
    for (const { stream } of retired) stream.retire();
  }

  #ended(stream: PullStream, error: unknown): void {
    if (this.#retiring.delete(stream)) {
      if (this.#retiring.size > 0) return;
      this.#onRetired?.();
      this.#adjust(true);
      return;
    }
    this.#open = this.#open.filter((one) => one.stream !== stream);
    const livedMs = this.#options.clock.now() - stream.startedAtMs;
    if (isPassing(error) && stream.hasAnswered && livedMs >= HEALTHY_STREAM_MS) {
      this.#options.events.fault(error);
      this.#adjust(true);
    } else {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#isFailing = true;
    this.#options.onFailure(error);
  }

  async #retired(): Promise<void> {
    if (this.#retiring.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeLimit(this.#options.clock, resolve, LATE_ANSWER_MS, true);
      this.#onRetired = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
