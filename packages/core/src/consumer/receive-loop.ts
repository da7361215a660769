import type { Delivery } from "../driver/delivery.ts";
import type { QueueError } from "../errors/queue-error.ts";
import type { Timer } from "../time/clock.ts";
import { soon } from "../time/soon.ts";
import { STALL_MS } from "./answer-in-time.ts";
import { sorted, surplusText } from "./check-deliveries.ts";
import { EMPTY_PAUSE_MS, EmptyAnswers } from "./empty-answers.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { LeaseKeeperOptions } from "./lease-keeper.ts";
import type { PaceMeter } from "./prefetch-size.ts";
import type { Room } from "./room.ts";
import type { Watchdog } from "./watchdog.ts";
import type { Worker } from "./worker.ts";
import { ReceiveFailures, type ReceiveFailuresOptions } from "./receive-failures.ts";

export interface ReceiveLoopOptions
  extends ReceiveFailuresOptions, Pick<LeaseKeeperOptions, "driver" | "limits" | "toError"> {
  readonly room: Pick<Room, "left" | "capacity">;
  readonly dispatcher: Pick<Dispatcher, "readyCount">;
  readonly worker: Pick<Worker, "ended">;
  readonly pace: PaceMeter;
  /** Takes the deliveries of an ask. `stalledAtMs`: what `watchdog.stalledMs()` was when it was made. */
  readonly accept: (deliveries: readonly Delivery<unknown>[], ask: number, stalledAtMs: number) => void;
  /** Gives back deliveries that came too late to be taken. */
  readonly refuse: (deliveries: readonly Delivery<unknown>[], ask: number) => void;
  /** Called when no ask can succeed. */
  readonly onFatal: (error: QueueError) => void;
  readonly watchdog: Pick<Watchdog, "stalledMs">;
}

interface Ask {
  readonly number: number;
  readonly items: number;
  readonly startedAtMs: number;
  readonly stalledAtMs: number;
  readonly controller: AbortController;
  /** Never rejects. */
  run: Promise<void>;
  /** True: nobody waits for its answer any more. */
  isAbandoned: boolean;
}

/** Asks for as many deliveries as there is room for, and keeps asking whatever happens. */
export class ReceiveLoop {
  readonly #options: ReceiveLoopOptions;
  /** The asks in flight, in any order. There are only a few. */
  readonly #asks: Ask[] = [];
  readonly #isPushed: boolean;
  #state: "paused" | "asking" | "stopped" = "paused";
  /** Deliveries asked for and not answered yet. */
  #asked = 0;
  /** Asks that may be out at once: grows while replies come back full. */
  #parallel = 1;
  readonly #failures: ReceiveFailures;
  readonly #empty = new EmptyAnswers();
  readonly #told = new Set<string>();
  #backoff: Timer | undefined;
  #isWakeScheduled = false;
  /** Number of the latest ask. */
  lastAsk = 0;
  /** Why nothing comes in. Undefined: all is well. */
  trouble: string | undefined;

  constructor(options: ReceiveLoopOptions) {
    this.#options = options;
    this.#failures = new ReceiveFailures(options);
    this.#isPushed = options.driver.setFlow !== undefined;
  }

  start(): void {
    if (this.#state !== "paused") return;
    this.#state = "asking";
    this.wake();
  }

  /** Call when there may be room. Asks a microtask later, so that runs that end together make one ask. */
  wake(): void {
    if (this.#isWakeScheduled || this.#state !== "asking") return;
    this.#isWakeScheduled = true;
    soon(this.#askLater);
  }

  /** Created once, because `wake` is called for each message. */
  readonly #askLater = (): void => {
    this.#isWakeScheduled = false;
    this.#askAll();
  };

  /** Resolves when no ask is in flight. What an aborted ask still brings is accepted or refused. */
  async pause(): Promise<void> {
    if (this.#state === "asking") this.#state = "paused";
    await this.#abortAll();
  }

  async stop(): Promise<void> {
    this.#state = "stopped";
    await this.#abortAll();
  }

  /** Acks were answered after `durationMs`. Where a broker pushes, only they show the round trip. */
  acked(durationMs: number): void {
    const { clock, pace } = this.#options;
    if (this.#isPushed) pace.sampleAcked(clock.now(), durationMs);
  }

  /** Measures the rate although no ask was answered. Has an effect only where a broker pushes. */
  samplePushed(): void {
    const { clock, pace, worker } = this.#options;
    if (this.#isPushed) pace.sampleRate(clock.now(), worker.ended);
  }

  /** Called by the watchdog: an ask that never comes back must not end the loop. */
  check(nowMs: number): void {
    const { limits, target, events, watchdog } = this.#options;
    const overdueMs = limits.receive.maxWaitMs + STALL_MS;
    for (const ask of [...this.#asks]) {
      // What came while the event loop was blocked has not been read yet.
      const waitedMs = nowMs - ask.startedAtMs - (watchdog.stalledMs() - ask.stalledAtMs);
      if (waitedMs < overdueMs) continue;
      this.trouble = `stalled: no answer for ${Math.round(waitedMs / 1_000)} s`;
      events.emit("notice", {
        target,
        text: `a request for messages did not come back (${this.trouble}) and was given up`,
      });
      this.#end(ask);
      ask.isAbandoned = true;
      ask.controller.abort();
    }
    this.wake();
  }

  async #abortAll(): Promise<void> {
    this.#backoff?.cancel();
    this.#backoff = undefined;
    const asks = [...this.#asks];
    for (const { controller } of asks) controller.abort();
    await Promise.all(asks.map(async ({ run }) => await run));
  }

  #askAll(): void {
    for (let items = this.#itemsToAsk(); items > 0; items = this.#itemsToAsk()) this.#start(items);
  }

  #itemsToAsk(): number {
    if (this.#state !== "asking" || this.#backoff !== undefined) return 0;
    const { limits, room } = this.#options;
    const { receive } = limits;
    if (this.#asks.length >= Math.min(this.#parallel, receive.parallel)) return 0;
    const left = room.left() - this.#asked;
    if (left <= 0) return 0;
    const isWorthIt = left >= Math.min(receive.maxItems, room.capacity()) / 2;
    if (receive.billed && !isWorthIt && !this.#runsDry()) return 0;
    return Math.min(left, receive.maxItems);
  }

  /** True: what is ready will be used up before a reply can be here. */
  #runsDry(): boolean {
    const { dispatcher, pace } = this.#options;
    return dispatcher.readyCount <= pace.ratePerMs * pace.roundTripMs;
  }

  #start(items: number): void {
    const { clock, watchdog } = this.#options;
    this.lastAsk += 1;
    const ask: Ask = {
      number: this.lastAsk,
      items,
      startedAtMs: clock.now(),
      stalledAtMs: watchdog.stalledMs(),
      controller: new AbortController(),
      run: Promise.resolve(),
      isAbandoned: false,
    };
    this.#asked += items;
    this.#asks.push(ask);
    ask.run = this.#run(ask);
  }

  async #run(ask: Ask): Promise<void> {
    const { driver, limits, refuse } = this.#options;
    try {
      const request = { maxItems: ask.items, waitMs: limits.receive.maxWaitMs };
      const { deliveries, fault } = sorted(await driver.receiveBatch(request, ask.controller.signal));
      if (ask.isAbandoned) refuse(deliveries, ask.number);
      else if (fault === undefined || deliveries.length > 0) this.#answered(ask, deliveries);
      if (fault !== undefined) throw fault;
    } catch (error) {
      if (!ask.isAbandoned) this.#failed(ask, error);
    }
    this.wake();
  }

  #answered(ask: Ask, deliveries: readonly Delivery<unknown>[]): void {
    const { clock, events, target, worker, pace, accept, refuse, limits } = this.#options;
    this.#end(ask);
    const nowMs = clock.now();
    const durationMs = nowMs - ask.startedAtMs;
    this.#failures.succeeded();
    this.trouble = undefined;
    if (deliveries.length > ask.items) this.#tellOnce("surplus", surplusText(deliveries.length, ask.items));
    const isFull = deliveries.length >= ask.items;
    this.#parallel = isFull ? Math.min(this.#parallel + 1, limits.receive.parallel) : 1;
    // Deliveries that a broker pushed come from the driver's buffer, without a round trip.
    if (isFull && !this.#isPushed) pace.sampleRoundTrip(durationMs);
    pace.sampleRate(nowMs, worker.ended);
    if (events.isActive("receive")) events.emit("receive", { target, count: deliveries.length, durationMs });
    const { aborted } = ask.controller.signal; // by a pause, which may be over
    if (!aborted && this.#empty.areTooMany(deliveries.length, durationMs)) this.#askLess();
    if (this.#state === "asking") accept(deliveries, ask.number, ask.stalledAtMs);
    else refuse(deliveries, ask.number);
  }

  #failed(ask: Ask, thrown: unknown): void {
    const { toError, onFatal } = this.#options;
    this.#end(ask);
    if (this.#state !== "asking") return;
    const error = toError("receive", thrown);
    this.#parallel = 1;
    const delayMs = this.#failures.failed(error);
    this.trouble = `receive fails (${this.#failures.count}): ${error.message}`;
    if (this.#failures.isFatal(error)) {
      this.#state = "stopped";
      onFatal(error);
      return;
    }
    this.#wakeIn(delayMs);
  }

  #askLess(): void {
    this.#wakeIn(EMPTY_PAUSE_MS);
    const text = "asks are answered at once with nothing: there is one a second until something comes";
    this.#tellOnce("empty", text);
  }

  #tellOnce(what: string, text: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#options.events.emit("notice", { target: this.#options.target, text });
  }

  #wakeIn(delayMs: number): void {
    if (this.#state !== "asking") return;
    this.#backoff ??= this.#options.clock.setTimer(() => {
      this.#backoff = undefined;
      this.wake();
    }, delayMs);
  }

  #end(ask: Ask): void {
    const index = this.#asks.indexOf(ask);
    if (index === -1) return;
    this.#asks.splice(index, 1);
    this.#asked -= ask.items;
  }
}
