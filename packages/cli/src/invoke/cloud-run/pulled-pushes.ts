import type { HostParts } from "../host.ts";
import { MessagePump, type PumpedMessage } from "../message-pump.ts";
import { settleMessages } from "../settle-messages.ts";
import type { CloudRunPlan, TokenPlan } from "./cloud-run-plan.ts";
import type { HttpService, ServiceAnswer } from "./http-service.ts";
import { KeyTurns } from "./key-turns.ts";
import { PushBackoff } from "./push-backoff.ts";
import { isAcknowledging, pushReport } from "./push-report.ts";
import { eventRequest, pushRequest } from "./push-request.ts";

/** Pulls, and posts one push after the other or side by side, with one back-off for all, as a subscription has it. */
export class PulledPushes {
  readonly #plan: CloudRunPlan;
  readonly #parts: HostParts;
  readonly #service: HttpService;
  readonly #subscription: string;
  readonly #backoff = new PushBackoff();
  readonly #turns = new KeyTurns();
  /** With --once: what has failed is not pushed again, it stays for the next run, and what its order keeps behind it. */
  readonly #failedOnce = new Set<string>();
  #pump: MessagePump | undefined;
  #stopped: AbortSignal = new AbortController().signal;

  constructor(plan: CloudRunPlan, parts: HostParts, service: HttpService, subscription: string) {
    this.#plan = plan;
    this.#parts = parts;
    this.#service = service;
    this.#subscription = subscription;
  }

  /** Connects without taking anything. */
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

  /** A subscription has one push of a key out at a time. */
  async #inTurn(message: PumpedMessage): Promise<void> {
    const { orderingKey } = message;
    await this.#turns.take(
      orderingKey,
      async () => await this.#push(message),
      async () => {
        // Held, and given back at the end.
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

  /** True: it is done. */
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

/** Ids of messages are digits. */
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
