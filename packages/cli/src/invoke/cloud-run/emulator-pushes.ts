import { setTimeout as sleep } from "node:timers/promises";
import type { PushTokenClaims, SubscriptionSnapshot } from "@anyqueue/emulator";
import type { HostParts } from "../host.ts";
import { InvokeError } from "../invoke-error.ts";
import type { CloudRunPlan } from "./cloud-run-plan.ts";
import type { EmulatedSubscription } from "./emulated-subscription.ts";
import type { HttpService } from "./http-service.ts";
import { isAcknowledging, pushReport } from "./push-report.ts";
import { PushRelay } from "./push-relay.ts";

const BEAT_MS = 100;
const BEATS_A_LOOK = 10;
const MAX_FAILURES_IN_A_ROW = 3;

/** The emulator's own pushes, with its back-off, order, ack deadline and tokens. */
export class EmulatorPushes {
  readonly #plan: CloudRunPlan;
  readonly #parts: HostParts;
  readonly #subscription: EmulatedSubscription;
  readonly #relay: PushRelay;
  /** With --once, failed messages are not pushed again but stay for the next run. */
  readonly #failedOnce = new Set<string>();
  #failuresInARow = 0;

  constructor(
    plan: CloudRunPlan,
    parts: HostParts,
    service: HttpService,
    subscription: EmulatedSubscription,
  ) {
    this.#plan = plan;
    this.#parts = parts;
    this.#subscription = subscription;
    this.#relay = new PushRelay({
      path: plan.path,
      maxConcurrency: plan.maxConcurrency,
      post: async (request) => await service.post(request),
      onAnswer: (messageId, answer, durationMs) => {
        if (parts.isOnce && !isAcknowledging(answer)) this.#failedOnce.add(messageId);
        parts.onReport(pushReport(messageId, answer, durationMs));
      },
      isHeld: (messageId) => this.#failedOnce.has(messageId),
    });
  }

  /** Resolves when `signal` aborts or the subscription is drained, once every call has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const before = (await this.#subscription.snapshot()).pushEndpoint;
    if (before !== undefined)
      this.#parts.onWarning(`the subscription pushed to ${before}; it is pulled from when this has ended.`);
    try {
      const endpoint = await this.#relay.listen();
      await this.#subscription.setPush({ endpoint, token: this.#token });
      await this.#untilOver(signal);
    } finally {
      await this.#relay.drain();
      // The function may have deleted its subscription; then nothing is left to do.
      await this.#subscription.setPush(undefined).catch(() => {});
      this.#relay.close();
    }
    if (this.#relay.failure !== undefined) throw this.#relay.failure;
  }

  /** Nothing to do: the relay ends with the run. */
  async close(): Promise<void> {}

  /** Without polling, nobody would notice that pushes have ended. @throws NO_SUCH_QUEUE, QUEUE_UNREACHABLE */
  async #untilOver(signal: AbortSignal): Promise<void> {
    // oxlint-disable no-await-in-loop -- the emulator is asked now and then
    for (let beat = 1; !signal.aborted && this.#relay.failure === undefined; beat += 1) {
      if (this.#parts.isOnce && (await this.#isDrained())) return;
      if (beat % BEATS_A_LOOK === 0) await this.#look();
      await sleep(BEAT_MS, undefined, { signal }).catch(() => {});
    }
    // oxlint-enable no-await-in-loop
  }

  /** Returns undefined if the emulator did not answer this time. */
  async #look(): Promise<SubscriptionSnapshot | undefined> {
    try {
      const snapshot = await this.#subscription.snapshot();
      this.#failuresInARow = 0;
      return snapshot;
    } catch (error) {
      this.#failuresInARow += 1;
      if (error instanceof InvokeError) throw error;
      if (this.#failuresInARow < MAX_FAILURES_IN_A_ROW) return undefined;
      const remedy = "It keeps nothing when it ends: start it, create the queue, and run this again.";
      const options = { cause: error };
      throw new InvokeError("QUEUE_UNREACHABLE", "the emulator does not answer any more", remedy, options);
    }
  }

  get #token(): PushTokenClaims | undefined {
    const { token } = this.#plan;
    return token === undefined ? undefined : { audience: token.audience, email: token.email };
  }

  /** True if only failed messages are left, and those that ordering keeps behind them. */
  async #isDrained(): Promise<boolean> {
    if (!this.#relay.isIdle) return false;
    const snapshot = await this.#look();
    if (snapshot === undefined) return false;
    const { messages, isOrdered } = snapshot;
    const failed = messages.filter(({ id }) => this.#failedOnce.has(id));
    const keys = new Set(
      failed.map(({ orderingKey }) => orderingKey).filter((key) => isOrdered && key !== ""),
    );
    return (
      this.#relay.isIdle &&
      messages.every(({ id, orderingKey }) => this.#failedOnce.has(id) || keys.has(orderingKey))
    );
  }
}
