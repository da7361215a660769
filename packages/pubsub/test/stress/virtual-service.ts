import type { VirtualClock } from "@anyqueue/core/testing";
import { PubsubEngine } from "../../../emulator/src/fronts/pubsub/engine/pubsub-engine.ts";
import type { Subscription } from "../../../emulator/src/fronts/pubsub/engine/subscription.ts";
import { GRPC_CODES, PubsubError } from "../../../emulator/src/fronts/pubsub/pubsub-error.ts";
import type { SeededChoice } from "./seeded-choice.ts";
import { OutstandingLedger } from "./outstanding-ledger.ts";
import type { VirtualStream } from "./virtual-stream.ts";

const START_MS = Date.UTC(2026, 0, 1);
const MOST_LATENCY_MS = 40;
const UNAVAILABLE = 14;

/** The emulator's engine without a network: calls take a while of virtual time, and some fail. */
export class VirtualService {
  readonly clock: VirtualClock;
  readonly engine: PubsubEngine;
  readonly choice: SeededChoice;
  readonly ledger: OutstandingLedger;
  readonly streams = new Set<VirtualStream>();
  /** Share of calls that fail, among those that may. */
  failingCalls = 0;

  constructor(clock: VirtualClock, choice: SeededChoice) {
    this.clock = clock;
    this.choice = choice;
    this.ledger = new OutstandingLedger(() => clock.now());
    this.engine = new PubsubEngine({
      clock: {
        now: () => START_MS + clock.now(),
        at: (dueMs, task) => {
          const timer = clock.setTimer(task, dueMs - START_MS - clock.now());
          return { dueMs, task, order: 0, index: 0, cancel: () => timer.cancel() };
        },
        cancel: (timer) => {
          if ("cancel" in timer && typeof timer.cancel === "function") timer.cancel();
        },
      },
      defer: (task) => queueMicrotask(task),
      formatTime: (engineMs) => new Date(engineMs).toISOString(),
    });
  }

  subscription(name: string): Subscription {
    return this.engine.subscriptions.get(name);
  }

  latencyMs(): number {
    return this.choice.whole(1, MOST_LATENCY_MS);
  }

  /** One unary call: the way there, its success or refusal, and the way back. */
  async call<Answer>(apply: () => Answer, mayFail = false): Promise<[Answer]> {
    await this.#pass();
    const fails = mayFail && this.choice.chance(this.failingCalls);
    const isApplied = !fails || this.choice.chance(0.5);
    let answer: Answer | undefined;
    if (isApplied) {
      try {
        answer = apply();
      } catch (error) {
        await this.#pass();
        throw clientError(error);
      }
    }
    await this.#pass();
    if (fails) throw grpcError(UNAVAILABLE, "the service is unavailable");
    return [answer as Answer];
  }

  async #pass(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.setTimer(resolve, this.latencyMs()));
  }
}

export function grpcError(code: number, details: string, more: object = {}): Error {
  return Object.assign(new Error(`${code} ${details}`), { code, details, ...more });
}

/** Converts an error to the form of the generated client. */
export function clientError(error: unknown): unknown {
  if (!(error instanceof PubsubError)) return error;
  const { reason } = error;
  const more = reason === undefined ? {} : { reason: reason.reason, errorInfoMetadata: reason.metadata };
  return grpcError(GRPC_CODES[error.code], error.message, more);
}
