import {
  durationToMs,
  ERROR_CODES,
  queueError,
  suggest,
  type Duration,
  type ErrorCode,
} from "@anyqueue/core/adapter";

/** The calls that a fault can hit, named as in the driver contract. One call is one request to the queue. */
export type FaultOperation =
  | "open"
  | "send"
  | "cancel"
  | "receive"
  | "ack"
  | "release"
  | "extend"
  | "deadLetter"
  | "peek";

/** What happens to a call that a fault hits. */
export type FaultEffect =
  | {
      /** The call fails with this code. */
      readonly fail: ErrorCode;
      /** True: the call takes effect; its error is `ambiguous`, as if the answer was lost. @default false */
      readonly applied?: boolean | undefined;
      /** Only these items fail (indexes from 0), the others succeed. @default the whole call rejects */
      readonly items?: readonly number[] | undefined;
      /** The delay after which the service asks for a retry. @default it does not say */
      readonly retryAfter?: Duration | undefined;
    }
  /** The call begins this much later. */
  | { readonly wait: Duration }
  /** `receive` only: a second copy of each message is stored under the same id, so it is delivered twice. */
  | { readonly duplicate: true }
  /** `receive` only: the leases of the received messages are lost after this time. */
  | { readonly loseLease: Duration };

/** One planned fault. */
export interface Fault {
  /** Which operation it hits. */
  readonly on: FaultOperation;
  /** Entity: `orders`, `placed/billing` (a subscription) or `orders/dead` (dead letters). @default any */
  readonly queue?: string | undefined;
  /** First matching call to hit, counted from when the fault was added: a whole number from 1. @default 1 */
  readonly nth?: number | undefined;
  /** How many matching calls in a row it hits: a whole number from 1, or Infinity. @default 1 */
  readonly times?: number | undefined;
  /** What happens to these calls. */
  readonly effect: FaultEffect;
}

/** One call that reached the queue. */
export interface RecordedCall {
  /** Which operation was called. */
  readonly operation: FaultOperation;
  /** Name of the entity. */
  readonly queue: string;
  /** How many messages the call contained; for `receive`, how many it asked for. */
  readonly items: number;
}

const OPERATIONS: readonly FaultOperation[] = [
  "open",
  "send",
  "cancel",
  "receive",
  "ack",
  "release",
  "extend",
  "deadLetter",
  "peek",
];

const FAULT_KEYS = ["on", "queue", "nth", "times", "effect"];
const EFFECTS = ["fail", "wait", "duplicate", "loseLease"];
const EFFECT_KEYS = [...EFFECTS, "applied", "items", "retryAfter"];

/**
 * Faults for a queue in memory, with a log of its calls. Tests use it to see what a program does when the
 * broker fails.
 *
 * @example
 * const faults = new FaultPlan([
 *   { on: "send", nth: 2, effect: { fail: "THROTTLED" } },
 *   { on: "ack", times: Infinity, effect: { fail: "CONNECTION_LOST", applied: true } },
 * ]);
 * const queues = await testQueues({ faults });
 */
export class FaultPlan {
  readonly #planned: { readonly fault: Fault; seen: number }[] = [];
  readonly #calls: RecordedCall[] = [];

  /** @throws INVALID_ARGUMENT for an invalid fault */
  constructor(faults: readonly Fault[] = []) {
    if (!Array.isArray(faults)) {
      throw queueError("INVALID_ARGUMENT", { what: "faults: expected a list of faults", provider: "memory" });
    }
    for (const fault of faults) this.add(fault);
  }

  /** The calls that reached the queue so far, in order, including those hit by a fault. */
  get calls(): readonly RecordedCall[] {
    return this.#calls;
  }

  /** The faults that can still hit a call. */
  get pending(): readonly Fault[] {
    return this.#planned.filter((planned) => !isSpent(planned)).map(({ fault }) => fault);
  }

  /** Plans one more fault. @throws INVALID_ARGUMENT for an invalid fault */
  add(fault: Fault): void {
    checkFault(fault);
    this.#planned.push({ fault, seen: 0 });
  }

  /** Forgets all faults and calls. */
  clear(): void {
    this.#planned.length = 0;
    this.#calls.length = 0;
  }

  /** Returns the effects on this call. Only for the queue itself, which asks once per call. */
  next(call: RecordedCall): readonly FaultEffect[] {
    this.#calls.push(call);
    const effects: FaultEffect[] = [];
    for (const planned of this.#planned) {
      const { fault } = planned;
      if (fault.on !== call.operation || (fault.queue ?? call.queue) !== call.queue) continue;
      planned.seen += 1;
      const first = fault.nth ?? 1;
      if (planned.seen >= first && planned.seen < first + (fault.times ?? 1)) effects.push(fault.effect);
    }
    return effects;
  }
}

function isSpent({ fault, seen }: { readonly fault: Fault; readonly seen: number }): boolean {
  return seen >= (fault.nth ?? 1) + (fault.times ?? 1) - 1;
}

function checkFault(fault: Fault): void {
  const problem = problemOf(fault);
  if (problem !== undefined) {
    throw queueError("INVALID_ARGUMENT", { what: `fault plan: ${problem}`, provider: "memory" });
  }
}

function problemOf(fault: Fault): string | undefined {
  if (!isObject(fault)) return `a fault: expected an object, got ${kindOf(fault)}`;
  const { on, nth, times, effect } = fault;
  const stray = strayKey(fault, FAULT_KEYS);
  if (stray !== undefined) return stray;
  if (!OPERATIONS.includes(on)) return `on: expected one of ${OPERATIONS.join(", ")}, got ${on}`;
  if (nth !== undefined && !isCount(nth)) return `nth: expected a whole number from 1, got ${nth}`;
  if (times !== undefined && times !== Number.POSITIVE_INFINITY && !isCount(times)) {
    return `times: expected a whole number from 1 or Infinity, got ${times}`;
  }
  return effectProblem(effect, on);
}

function effectProblem(effect: FaultEffect, on: FaultOperation): string | undefined {
  if (!isObject(effect)) return `effect: expected an object, got ${kindOf(effect)}`;
  const stray = strayKey(effect, EFFECT_KEYS);
  if (stray !== undefined) return stray;
  if (!EFFECTS.some((name) => name in effect)) return `effect: expected one of ${EFFECTS.join(", ")}`;
  if ("fail" in effect) {
    const { fail, items = [] } = effect;
    if (!Object.hasOwn(ERROR_CODES, fail)) {
      return `fail: ${JSON.stringify(fail)} is not an error code${hint(fail, Object.keys(ERROR_CODES))}`;
    }
    if (!Array.isArray(items)) return `items: expected a list of indexes, got ${typeof items}`;
    if (effect.retryAfter !== undefined) durationToMs(effect.retryAfter, "fault plan: retryAfter");
    const index = items.find((item) => !isCount(item + 1));
    return index === undefined ? undefined : `items: expected indexes from 0, got ${index}`;
  }
  if ("wait" in effect) {
    durationToMs(effect.wait, "fault plan: wait");
    return undefined;
  }
  if ("loseLease" in effect) durationToMs(effect.loseLease, "fault plan: loseLease");
  return on === "receive" ? undefined : `${on}: duplicate and loseLease are for receive only`;
}

function strayKey(given: object, known: readonly string[]): string | undefined {
  const stray = Object.keys(given).find((key) => !known.includes(key));
  return stray === undefined ? undefined : `unknown key ${JSON.stringify(stray)}${hint(stray, known)}`;
}

function isObject(value: unknown): boolean {
  return kindOf(value) === "object";
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function hint(word: string, candidates: readonly string[]): string {
  const meant = suggest(word, candidates);
  return meant === undefined ? "" : `, did you mean ${JSON.stringify(meant)}?`;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
