import { createBatcher, type Batcher } from "../batching/batcher.ts";
import type { ConsumerDriver, ItemResult, Operation } from "../driver/driver.ts";
import type { Outcome } from "../driver/event-source.ts";
import type { OperationLimits } from "../driver/limits.ts";
import { BrokenRule } from "../errors/broken-rule.ts";
import { QueueError } from "../errors/queue-error.ts";
import { backoffMs } from "../retry/backoff.ts";
import { REQUEST_BACKOFF } from "../retry/request-retry.ts";
import { within } from "../time/within.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { LeaseKeeper, LeaseKeeperOptions } from "./lease-keeper.ts";
import { leaseLost } from "./lease.ts";
import { resultsOfAlive } from "./results-of-alive.ts";

/** The result of a settlement. `unknown`: a try may have taken effect, and the next found no lease. */
export type SettleResult =
  | { readonly kind: "settled" | "unknown" }
  | { readonly kind: "lost" | "failed"; readonly error: QueueError };

export interface SettlerOptions extends Pick<
  LeaseKeeperOptions,
  "driver" | "limits" | "clock" | "time" | "random" | "toError" | "cutOff"
> {
  readonly keeper: LeaseKeeper;
  /** Longest wait for more settlements to share a request; 0 where requests cost nothing. */
  readonly lingerMs: number;
  /** Called once for each delivery that was submitted. Must not throw. */
  readonly onResult: (held: HeldDelivery, result: SettleResult) => void;
  /** Called when the service has answered acks, with the time that it took. Must not throw. */
  readonly onAcked?: ((durationMs: number) => void) | undefined;
}

/** Requests that are cut off have their results by then. */
const CUT_WITHIN_MS = 20;
/** With less than this left of its lease, a settlement does not wait to share a request. */
const URGENT_MS = 1_000;
const PASSING: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "CANCELLED"]);
const SETTLED: SettleResult = { kind: "settled" };
const UNKNOWN: SettleResult = { kind: "unknown" };

type SettleBatcher = Batcher<HeldDelivery, undefined>;

/** Sends settlements to the provider: batched, retried during the lease, never after its possible end. */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #batchers: Readonly<Record<Outcome["kind"], SettleBatcher>>;
  /** Deliveries that wait for their copy. */
  readonly #copying = new Set<HeldDelivery>();
  /** Deliveries that wait for their next try. */
  readonly #retrying = new Set<HeldDelivery>();
  #onIdle: (() => void) | undefined;
  /** Settlements without a result yet, including those that wait for a copy. */
  pending = 0;
  /** Lease time after which nothing is tried again. */
  #closesAtMs = Infinity;

  constructor(options: SettlerOptions) {
    this.#options = options;
    const { limits } = options;
    this.#batchers = {
      ack: this.#createBatcher("ack", limits.ack),
      release: this.#createBatcher("release", limits.release),
      "dead-letter": this.#createBatcher("deadLetter", limits.deadLetter),
    };
  }

  /** Starts `held.settlement`. Once for each delivery. */
  submit(held: HeldDelivery): void {
    held.isSubmitted = true;
    this.pending += 1;
    this.#push(held);
  }

  /** Waits for `work` before a settlement that may follow it. A flush waits for this, too. */
  async after<Result>(
    held: HeldDelivery,
    work: Promise<Result>,
    then: (result: Result) => void,
  ): Promise<void> {
    this.pending += 1;
    this.#copying.add(held);
    const result = await work;
    const isAwaited = this.#copying.delete(held);
    then(result);
    if (isAwaited) this.#leave();
  }

  /** Called when the time of the next try has come. */
  retry(held: HeldDelivery): void {
    if (this.#retrying.delete(held)) this.#push(held);
  }

  /** Called when the lease is gone while a settlement waits for its turn. */
  lose(held: HeldDelivery, error: QueueError): void {
    if (held.isSubmitted) this.#finish(held, this.#resultOfLoss(held, error));
  }

  /** Sends all at once; resolves when all have results. After `withinMs` the rest is cut off and fails. */
  async flush(withinMs: number): Promise<void> {
    const { clock, cutOff, time } = this.#options;
    this.#closesAtMs = time.quick() + withinMs;
    for (const held of this.#retrying) this.retry(held);
    for (const batcher of Object.values(this.#batchers)) void batcher.flush();
    if (this.pending === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    if (await within(clock, withinMs, idle)) return;
    // A driver that is cut off can still report the answers that it has for a batch.
    cutOff.end();
    if (!(await within(clock, CUT_WITHIN_MS, idle)))
      this.#failAll(`it was not confirmed within ${withinMs} ms`);
  }

  /** A renewal in flight would overwrite the delay of a release. What ends a message must not wait: it may hang. */
  #push(held: HeldDelivery): void {
    const renewing = this.#options.keeper.pause(held);
    if (renewing === undefined || held.settlement?.kind !== "release") this.#enter(held);
    else void this.#enterAfter(renewing, held);
  }

  async #enterAfter(renewing: Promise<unknown>, held: HeldDelivery): Promise<void> {
    await renewing;
    this.#enter(held);
  }

  #enter(held: HeldDelivery): void {
    if (!held.isSubmitted || held.settlement === undefined) return;
    const batcher = this.#batchers[held.settlement.kind];
    batcher.push(held);
    const { keeper, time, lingerMs } = this.#options;
    if (lingerMs === 0) return;
    const isUrgent = keeper.leftMs(held, time.quick()) < URGENT_MS;
    if (isUrgent || this.#closesAtMs !== Infinity) void batcher.flush();
  }

  #createBatcher(operation: "ack" | "release" | "deadLetter", limits: OperationLimits): SettleBatcher {
    const { clock, lingerMs } = this.#options;
    return createBatcher<HeldDelivery, undefined>({
      ...limits,
      lingerMs,
      clock,
      run: async (batch) => await this.#run(operation, batch),
      onResult: (held, result) => {
        this.#receiveResult(operation, held, result);
      },
    });
  }

  async #run(
    operation: "ack" | "release" | "deadLetter",
    batch: readonly HeldDelivery[],
  ): Promise<readonly ItemResult[]> {
    const { keeper, time } = this.#options;
    const nowMs = time.read();
    return await resultsOfAlive(
      this.#options,
      operation,
      batch,
      (held) => keeper.leftMs(held, nowMs) > 0,
      () => ({ ok: false, error: leaseLost("the lease may have run out") }),
      async (alive, signal) => await this.#call(operation, alive, signal),
    );
  }

  async #call(
    operation: "ack" | "release" | "deadLetter",
    batch: readonly HeldDelivery[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    const { driver } = this.#options;
    if (operation === "ack") return await this.#ack(batch, signal);
    if (operation === "release") return await driver.releaseBatch(batch.flatMap(releaseItem), signal);
    if (driver.deadLetterBatch === undefined)
      throw new BrokenRule("D4", 'deadLetter is "native", but there is no deadLetterBatch');
    return await driver.deadLetterBatch(batch.flatMap(deadLetterItem), signal);
  }

  async #ack(batch: readonly HeldDelivery[], signal: AbortSignal): Promise<readonly ItemResult[]> {
    const { driver, clock, onAcked } = this.#options;
    const startedAtMs = clock.now();
    const handles = batch.map(({ handle }) => handle);
    const results = await driver.ackBatch(handles, signal);
    // What a driver refuses by itself says nothing about the network.
    if (Array.isArray(results) && results.some((result) => result?.ok === true))
      onAcked?.(clock.now() - startedAtMs);
    return results;
  }

  #receiveResult(operation: Operation, held: HeldDelivery, result: ItemResult): void {
    if (!held.isSubmitted) return; // given up or lost meanwhile
    if (result.ok) {
      this.#finish(held, SETTLED);
      return;
    }
    const error = this.#options.toError(operation, result.error);
    if (error.code === "LEASE_LOST") {
      this.#finish(held, this.#resultOfLoss(held, error));
      return;
    }
    held.wasAmbiguous ||= error.ambiguous;
    held.settleFailures += 1;
    this.#tryAgain(held, error);
  }

  #tryAgain(held: HeldDelivery, error: QueueError): void {
    const { keeper, time, random } = this.#options;
    const nowMs = time.read();
    const leftMs = Math.min(keeper.leftMs(held, nowMs), held.capAtMs - nowMs, this.#closesAtMs - nowMs);
    const delayMs = Math.max(
      backoffMs(held.settleFailures, REQUEST_BACKOFF, random),
      error.retryAfterMs ?? 0,
    );
    // Credentials are renewed while a process lives, so their failure passes. Only the core itself cancels a
    // settlement, when it takes too long.
    const isPassing = error.retryable || PASSING.has(error.code);
    if (!isPassing || delayMs >= leftMs) {
      this.#finish(held, { kind: "failed", error });
      return;
    }
    this.#retrying.add(held);
    keeper.resume(held);
    keeper.wakeAt(held, nowMs + delayMs);
  }

  #resultOfLoss(held: HeldDelivery, error: QueueError): SettleResult {
    return held.wasAmbiguous && held.settlement?.kind === "ack" ? UNKNOWN : { kind: "lost", error };
  }

  #failAll(why: string): void {
    const failed = (): SettleResult => ({
      kind: "failed",
      error: new QueueError("TIMEOUT", { what: why, ambiguous: true }),
    });
    for (const held of this.#options.keeper.holders()) if (held.isSubmitted) this.#finish(held, failed());
    for (const held of this.#copying) {
      this.#copying.delete(held);
      if (held.state === "done") this.#leave();
      else this.#finish(held, failed());
    }
  }

  #finish(held: HeldDelivery, result: SettleResult): void {
    held.isSubmitted = false;
    if (this.#retrying.size > 0) this.#retrying.delete(held);
    this.#options.keeper.untrack(held);
    this.#options.onResult(held, result);
    this.#leave();
  }

  #leave(): void {
    this.pending -= 1;
    if (this.pending === 0) this.#onIdle?.();
  }
}

/** Why the settlement was not done. */
export function errorOf(result: SettleResult): QueueError | undefined {
  return result.kind === "lost" || result.kind === "failed" ? result.error : undefined;
}

function releaseItem(held: HeldDelivery): Parameters<ConsumerDriver<unknown>["releaseBatch"]>[0] {
  const { settlement, handle } = held;
  if (settlement?.kind !== "release") return [];
  return [{ handle, delayMs: settlement.delayMs, cause: settlement.cause }];
}

function deadLetterItem(
  held: HeldDelivery,
): Parameters<NonNullable<ConsumerDriver<unknown>["deadLetterBatch"]>>[0] {
  const { settlement, handle } = held;
  if (settlement?.kind !== "dead-letter") return [];
  const { reason, description, attributes } = settlement;
  const item = { handle, reason, attributes };
  return [description === undefined ? item : { ...item, description }];
}
