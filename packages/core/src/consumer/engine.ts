import { DEFAULTS } from "../client/defaults.ts";
import type { ConsumerEvents, Operation } from "../driver/driver.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { Handler } from "../queue-consumer.ts";
import type { RedeliveryPolicy } from "../retry/redelivery.ts";
import { Admission } from "./admission.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { KeyLanes } from "./key-lanes.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { LeaseTime } from "./lease-time.ts";
import type { OpenedConsumer } from "./open-consumer.ts";
import { OutcomeExecutor, type ExecutorHooks } from "./outcome-executor.ts";
import type { ProcessingRules } from "./process-delivery.ts";
import type { ConsumerSettings } from "./resolve-options.ts";
import type { ContextParts } from "./run-context.ts";
import type { SettledMemory } from "./settled-memory.ts";
import { Settler } from "./settler.ts";
import { longestHoldMs, MAX_PARK_MS } from "./start-checks.ts";

/** What a worker and a puller have in common: leases, settlements, dead letters. */
export interface Engine {
  readonly opened: OpenedConsumer;
  readonly time: LeaseTime;
  readonly keeper: LeaseKeeper;
  readonly settler: Settler;
  readonly executor: OutcomeExecutor;
  readonly admission: Admission;
  readonly rules: ProcessingRules;
  readonly context: ContextParts;
  readonly toError: (operation: Operation, error: unknown) => QueueError;
}

export interface EngineOptions {
  readonly setup: ConsumerSetup;
  readonly settings: ConsumerSettings;
  readonly opened: OpenedConsumer;
  readonly lanes: KeyLanes | undefined;
  readonly memory: SettledMemory;
  /** 0: every settlement goes out at once. */
  readonly lingerMs: number;
  readonly handle: Handler<unknown>;
  readonly hooks: ExecutorHooks;
  readonly onWake: (held: HeldDelivery) => void;
}

export function createEngine(options: EngineOptions): Engine {
  const { setup, settings, opened, hooks } = options;
  const { adapter, clock, events, details } = setup;
  const { target, driver } = opened;
  const random = setup.random ?? Math.random;
  const toError = (operation: Operation, error: unknown): QueueError =>
    wrapDriverError(adapter, target, operation, error);
  const time = new LeaseTime(clock);
  const redelivery = redeliveryPolicy(options, random);
  const shared = { clock, time, driver, limits: target.limits, capabilities: target.capabilities, random, toError };
  const keeper = new LeaseKeeper({
    ...shared,
    leaseMs: opened.leaseMs,
    totalMs: longestHoldMs(settings),
    onLost: (held, error) => executor.lost(held, error),
    onWake: options.onWake,
  });
  const settler = new Settler({
    ...shared,
    keeper,
    lingerMs: options.lingerMs,
    onResult: (held, result) => executor.settled(held, result),
  });
  const executor: OutcomeExecutor = new OutcomeExecutor({
    ...shared,
    target: target.name,
    route: opened.route,
    keeper,
    settler,
    memory: options.memory,
    events,
    lanes: options.lanes,
    bounds: redelivery.bounds,
    maxParkMs: details.emulate.includes("delay") ? Number.POSITIVE_INFINITY : MAX_PARK_MS,
    hooks,
  });
  const isLeased = target.capabilities.lease === "timed" || target.capabilities.lease === "shared";
  const admission = new Admission({
    target: target.name,
    leaseMs: isLeased ? opened.leaseMs : undefined,
    clock,
    events,
    keeper,
    executor,
    memory: options.memory,
    isTimed: details.kind !== "dead-letter",
  });
  const rules: ProcessingRules = {
    details,
    handle: options.handle,
    onInvalid: settings.onInvalid,
    redelivery,
    source: target.entity,
    wallNow: () => clock.wallNow(),
  };
  const lastAttempt = opened.route.kind === "none" ? Number.POSITIVE_INFINITY : redelivery.attempts;
  const context: ContextParts = { keeper, clock, time, logger: setup.logger, lastAttempt };
  return { opened, time, keeper, settler, executor, admission, rules, context, toError };
}

/** What a driver reports between asks. */
export function driverEvents(setup: ConsumerSetup, engine: () => Engine | undefined): ConsumerEvents<unknown> {
  const { adapter, target, events } = setup;
  return {
    leasesLost(lost, thrown) {
      const error = wrapDriverError(adapter, target, "extend", thrown);
      engine()?.keeper.lose((held) => isAmong(held, lost), error);
    },
    fault(thrown) {
      const error = wrapDriverError(adapter, target, "receive", thrown);
      events.emit("receive-error", { target: target.name, error, failures: 1, delayMs: 0 });
    },
  };
}

function isAmong(held: HeldDelivery, lost: Parameters<ConsumerEvents<unknown>["leasesLost"]>[0]): boolean {
  if (lost === "all") return true;
  if ("leaseKey" in lost) return held.delivery.leaseKey === lost.leaseKey;
  return lost.handles.includes(held.delivery.handle);
}

function redeliveryPolicy({ setup, settings, opened }: EngineOptions, random: () => number): RedeliveryPolicy {
  const { capabilities } = opened.target;
  const canDelay = capabilities.releaseDelay !== "none" || setup.details.emulate.includes("delay");
  return {
    // Dead letters have no budget: there is nowhere further to go.
    attempts: setup.details.kind === "dead-letter" ? Number.POSITIVE_INFINITY : settings.attempts,
    delay: settings.retryDelay,
    bounds: {
      minMs: DEFAULTS.retryMinMs,
      maxMs: canDelay ? DEFAULTS.retryMaxMs : Math.min(DEFAULTS.retryMaxMs, MAX_PARK_MS),
    },
    random,
    onPolicyError: (error) => {
      setup.events.emit("listener-error", { event: "retry.delay", error });
    },
  };
}
