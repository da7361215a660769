import { DEFAULTS } from "../client/defaults.ts";
import { randomOf } from "../time/clock.ts";
import type { ConsumerEvents, Operation } from "../driver/driver.ts";
import { BrokenRule } from "../errors/broken-rule.ts";
import { asRecord } from "../errors/check-options.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { Handler } from "../queue-consumer.ts";
import type { RedeliveryPolicy } from "../retry/redelivery.ts";
import { Admission } from "./admission.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import { CutOff } from "./cut-off.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { KeyLanes } from "./key-lanes.ts";
import type { KnownMessages } from "./known-messages.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { ElapsedTime } from "../time/elapsed-time.ts";
import type { DrainSteps } from "./drain.ts";
import { closeOpened, type OpenedConsumer } from "./open-consumer.ts";
import type { ExecutorHooks } from "./executor-options.ts";
import { OutcomeExecutor } from "./outcome-executor.ts";
import type { ProcessingRules } from "./process-delivery.ts";
import type { ConsumerSettings } from "./resolve-options.ts";
import type { ContextParts } from "./run-context.ts";
import type { SettledMemory } from "./settled-memory.ts";
import { Settler } from "./settler.ts";
import { longestHoldMs, MAX_PARK_MS, mayDelayLonger } from "./start-checks.ts";

/** What a worker and a puller have in common: leases, settlements, dead letters. */
export interface Engine {
  readonly opened: OpenedConsumer;
  readonly time: ElapsedTime;
  readonly keeper: LeaseKeeper;
  readonly settler: Settler;
  readonly executor: OutcomeExecutor;
  readonly admission: Admission;
  readonly known: KnownMessages | undefined;
  readonly rules: ProcessingRules;
  readonly context: ContextParts;
  /** Ends all requests except the asks. */
  readonly cutOff: CutOff;
  readonly toError: (operation: Operation, error: unknown) => QueueError;
}

/** The part of a consumer's setup that the engine needs. */
export interface EngineSetup extends Pick<
  ConsumerSetup,
  "details" | "clock" | "events" | "logger" | "random"
> {
  readonly adapter: Pick<ConsumerSetup["adapter"], "name" | "classify">;
}

export interface EngineOptions {
  readonly setup: EngineSetup;
  readonly settings: ConsumerSettings;
  readonly opened: OpenedConsumer;
  readonly lanes: KeyLanes | undefined;
  readonly memory: SettledMemory;
  /** Absent where no message comes again without a reason. */
  readonly known?: KnownMessages | undefined;
  /** 0: every settlement goes out at once. */
  readonly lingerMs: number;
  readonly handle: Handler<unknown>;
  readonly hooks: ExecutorHooks;
  readonly onWake: (held: HeldDelivery) => void;
  /** Called when a settlement has its result. */
  readonly onSettled?: () => void;
  /** Called when the service has answered acks, with the time that it took. */
  readonly onAcked?: ((durationMs: number) => void) | undefined;
}

/** Shared by all parts. */
interface EngineBase extends Pick<Engine, "time" | "cutOff" | "toError"> {
  readonly random: () => number;
  readonly redelivery: RedeliveryPolicy;
}

export function createEngine(options: EngineOptions): Engine {
  const { setup, settings, opened, memory, handle } = options;
  const { adapter, clock, events, details, logger } = setup;
  const { target, route } = opened;
  const random = setup.random ?? randomOf(clock);
  const redelivery = redeliveryPolicy(options, random);
  const base: EngineBase = {
    time: new ElapsedTime(clock),
    random,
    redelivery,
    cutOff: new CutOff(),
    toError: (operation, error) => wrapDriverError(adapter, target, operation, error),
  };
  const settling = createSettling(options, base);
  const isLeased = target.capabilities.lease === "timed" || target.capabilities.lease === "shared";
  const admission = new Admission({
    ...settling,
    target: target.name,
    leaseMs: isLeased ? opened.leaseMs : undefined,
    clock,
    events,
    memory,
    known: options.known,
    isTimed: details.kind !== "dead-letter",
  });
  const { onInvalid, handlerTimeoutMs } = settings;
  const wallNow = (): number => clock.wallNow();
  const rules: ProcessingRules = { details, handle, onInvalid, redelivery, source: target.entity, wallNow };
  const lastAttempt = route.kind === "none" ? Infinity : redelivery.attempts;
  const context: ContextParts = { ...settling, ...base, clock, logger, handlerTimeoutMs, lastAttempt };
  return { ...base, ...settling, opened, admission, known: options.known, rules, context };
}

/** Leases, settlements and their consequences: three parts that need each other. */
function createSettling(
  options: EngineOptions,
  { time, random, redelivery, cutOff, toError }: EngineBase,
): Pick<Engine, "keeper" | "settler" | "executor"> {
  const { setup, settings, opened, memory, lanes, hooks } = options;
  const { clock, events, details } = setup;
  const { target, driver, route, retries, leaseMs } = opened;
  const { limits, capabilities } = target;
  const shared = { clock, time, driver, limits, capabilities, random, toError };
  const keeper = new LeaseKeeper({
    ...shared,
    cutOff,
    leaseMs,
    totalMs: longestHoldMs(settings),
    onLost: (held, error) => {
      executor.lost(held, error);
    },
    onOverdue: (held) => {
      executor.overdue(held);
    },
    onWake: options.onWake,
  });
  const settler = new Settler({
    ...shared,
    cutOff,
    keeper,
    lingerMs: options.lingerMs,
    onResult: (held, result) => {
      executor.settled(held, result);
      options.onSettled?.();
    },
    onAcked: options.onAcked,
  });
  const executor: OutcomeExecutor = new OutcomeExecutor({
    ...shared,
    target: target.name,
    route,
    retries,
    keeper,
    settler,
    memory,
    known: options.known,
    events,
    lanes,
    bounds: redelivery.bounds,
    maxParkMs: mayDelayLonger(details) ? Infinity : MAX_PARK_MS,
    hooks,
  });
  return { keeper, settler, executor };
}

/** The drain steps that a worker and a puller share. */
export function sharedSteps(
  { cutOff, keeper, settler, opened }: Engine,
  { clock, events }: Pick<EngineSetup, "clock" | "events">,
): Pick<DrainSteps, "clock" | "flush" | "cutOff" | "stopLeases" | "close" | "onError"> {
  return {
    clock,
    flush: async (withinMs) => await settler.flush(withinMs),
    cutOff: () => {
      cutOff.end();
    },
    stopLeases: async () => await keeper.stop(),
    close: async () => await closeOpened(opened),
    onError: (step, error) => {
      const text = `closing: ${step} failed: ${String(error)}`;
      events.emit("notice", { target: opened.target.name, text });
    },
  };
}

/** Handles what a driver reports between asks. */
export function driverEvents(
  setup: ConsumerSetup,
  engine: () => Engine | undefined,
): ConsumerEvents<unknown> {
  const { adapter, target, events } = setup;
  return {
    leasesLost(lost, thrown) {
      const error = wrapDriverError(adapter, target, "extend", thrown);
      if (!isLoss(lost)) return this.fault(new BrokenRule("D6", "leasesLost was told no handles"));
      engine()?.keeper.lose((held) => isAmong(held, lost), error);
    },
    fault(thrown) {
      const error = wrapDriverError(adapter, target, "receive", thrown);
      events.emit("receive-error", { target: target.name, error, failures: 1, delayMs: 0 });
    },
  };
}

function isLoss(lost: unknown): boolean {
  const { handles, leaseKey } = asRecord(lost);
  return lost === "all" || Array.isArray(handles) || typeof leaseKey === "string";
}

function isAmong(held: HeldDelivery, lost: Parameters<ConsumerEvents<unknown>["leasesLost"]>[0]): boolean {
  if (lost === "all") return true;
  if ("leaseKey" in lost) return held.delivery.leaseKey === lost.leaseKey;
  return lost.handles.includes(held.handle);
}

function redeliveryPolicy(
  { setup, settings, opened }: EngineOptions,
  random: () => number,
): RedeliveryPolicy {
  const { capabilities } = opened.target;
  const canDelay = capabilities.releaseDelay !== "none" || mayDelayLonger(setup.details);
  return {
    // Dead letters have unlimited attempts: there is nowhere further to go.
    attempts: setup.details.kind === "dead-letter" ? Infinity : settings.attempts,
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
