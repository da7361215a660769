import type { HostParts } from "../host.ts";
import { MessagePump, type PumpedMessage } from "../message-pump.ts";
import { settleMessages } from "../settle-messages.ts";
import type { CloudRunPlan, TokenPlan } from "./cloud-run-plan.ts";
import type { HttpService, ServiceAnswer } from "./http-service.ts";
import { KeyTurns } from "./key-turns.ts";
import { PushBackoff } from "./push-backoff.ts";
import { isAcknowledging, pushReport } from "./push-report.ts";
import { eventRequest, pushRequest } from "./push-request.ts";

/** Pulls messages and posts them in turn or in parallel, with one back-off for all, like a subscription. */
export class PulledPushes {
  readonly #plan: CloudRunPlan;
  readonly #parts: HostParts;
  readonly #service: HttpService;
  readonly #subscription: string;
  readonly #backoff = new PushBackoff();
  readonly #turns = new KeyTurns();
  /** With --once, failed messages and those that ordering keeps behind them stay for the next run. */
  readonly #failedOnce = new Set<string>();
  #pump: MessagePump | undefined;
  #stopped: AbortSignal = new AbortController().signal;

  constructor(plan: CloudRunPlan, parts: HostParts, service: HttpService, subscription: string) {
    this.#plan = plan;
    this.#parts = parts;
    this.#service = service;
    this.#subscription = subscription;
  }

  /** Connects without receiving anything. */
  static async open(
    plan: CloudRunPlan,
    parts: HostParts,
    service: HttpService,
    subscription: string,
  ): Promise<PulledPushes> {
    const pushes = new PulledPushes(plan, parts, service, subscription);
    pushes.#pump = await MessagePump.open({
      place: parts.place,
      batchSize: 1,
      maxConcurrency: plan.maxConcurrency,
      isOnce: parts.isOnce,
      onBatch: async ([message]) => {
        if (message !== undefined) await pushes.#inTurn(message);
      },
      onWarning: parts.onWarning,
    });
    return pushes;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#stopped = signal;
    await this.#pump?.run(signal);
  }

  async close(): Promise<void> {
    await this.#pump?.close();
  }

  /** Like a subscription, has at most one push per key under way. */
  async #inTurn(message: PumpedMessage): Promise<void> {
    const { orderingKey } = message;
    await this.#turns.take(
      orderingKey,
      async () => await this.#push(message),
      async () => {
        // A held message is given back at the end.
        if (!this.#isHeld(message)) await settleMessages([message], false, this.#parts);
      },
    );
  }

  #isHeld({ providerId, orderingKey = "" }: PumpedMessage): boolean {
    if (!this.#parts.isOnce) return false;
    return (
      this.#failedOnce.has(providerId) || (orderingKey !== "" && this.#failedOnce.has(keyOf(orderingKey)))
    );
  }

  /** Returns true if the message is done. */
  async #push(message: PumpedMessage): Promise<boolean> {
    const { providerId, orderingKey = "" } = message;
    if (this.#isHeld(message)) return false;
    await this.#backoff.untilOver(this.#stopped);
    if (this.#stopped.aborted) {
      await settleMessages([message], false, this.#parts);
      return false;
    }
    const startedAtMs = performance.now();
    const answer = await this.#post(message);
    const durationMs = performance.now() - startedAtMs;
    const isAcknowledged = isAcknowledging(answer);
    this.#backoff.count(isAcknowledged);
    if (!isAcknowledged) this.#failedOnce.add(orderingKey === "" ? providerId : keyOf(orderingKey));
    await settleMessages([message], isAcknowledged, this.#parts);
    this.#parts.onReport(pushReport(providerId, answer, durationMs));
    return isAcknowledged;
  }

  async #post(message: PumpedMessage): Promise<ServiceAnswer> {
    const request = this.#plan.isCloudEvents
      ? eventRequest(message, this.#subscription)
      : pushRequest(message, this.#subscription);
    const authorization = await authorize(this.#plan.token);
    return await this.#service.post({ ...request, headers: { ...request.headers, ...authorization } });
  }
}

/** Cannot equal a message id, since those are digits. */
function keyOf(orderingKey: string): string {
  return `key ${orderingKey}`;
}

async function authorize(token: TokenPlan | undefined): Promise<Readonly<Record<string, string>>> {
  if (token === undefined) return {};
  const { from, audience, email } = token;
  const { controlClient } = await import("@anyqueue/emulator");
  const signed = await controlClient(from).signToken({ audience, email });
  return { authorization: `Bearer ${signed}` };
}
