import type { QueueError } from "../errors/queue-error.ts";
import type { BackoffBounds } from "../retry/backoff.ts";
import type { EventSink } from "../telemetry/events.ts";
import type { DeadLetterRoute } from "./dead-letter.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { KeyLanes } from "./key-lanes.ts";
import type { KnownMessages } from "./known-messages.ts";
import type { LeaseKeeper, LeaseKeeperOptions } from "./lease-keeper.ts";
import type { RetryRoute } from "./retry-copy.ts";
import type { SettledMemory } from "./settled-memory.ts";
import type { Settler } from "./settler.ts";

export interface ExecutorOptions extends Pick<LeaseKeeperOptions, "capabilities" | "time" | "random"> {
  readonly target: string;
  readonly route: DeadLetterRoute;
  /** Undefined: the core holds the lease during every delay. */
  readonly retries: RetryRoute | undefined;
  readonly keeper: LeaseKeeper;
  readonly settler: Settler;
  readonly memory: SettledMemory;
  /** Absent where the service reports the effect of a settlement. */
  readonly known?: KnownMessages | undefined;
  readonly events: EventSink;
  /** Undefined where the target keeps no order, and in pull mode. */
  readonly lanes: KeyLanes | undefined;
  /** Bounds of the delay after a failure that is not the handler's. */
  readonly bounds: BackoffBounds;
  /** Longest delay that the core itself holds a lease for, where the service cannot delay. */
  readonly maxParkMs: number;
  /** Must not throw. */
  readonly hooks: ExecutorHooks;
}

export interface ExecutorHooks {
  /** The delivery takes no room any more. Called once for each. */
  left(held: HeldDelivery): void;
  /** The next delivery of its key may run. */
  ready(held: HeldDelivery): void;
  /** No settlement can succeed any more. */
  fatal(error: QueueError): void;
  /** Number of the latest ask. */
  lastAsk(): number;
}
