import type {
  ConsumerEvents,
  ErrorClass,
  ErrorCode,
  ItemResult,
  Operation,
  OutgoingMessage,
  ReceiveAsk,
  ReleaseItem,
} from "@anyqueue/core/adapter";
import { aborted, createGate, type Gate } from "./gate.ts";

/** What a fault does to the calls that it hits. */
export interface Fault {
  /** The operation whose calls it hits. */
  readonly operation: Operation;
  /** The code that `classify` gives to the error. */
  readonly code: ErrorCode;
  /** `before`: does not reach the service · `after`: takes effect, answer lost. @default "before" */
  readonly when?: "before" | "after";
  /** Indexes within one call that fail while the others pass; absent: the whole call throws. */
  readonly items?: readonly number[];
  /** How many calls fail. @default 1 */
  readonly times?: number;
  /** How many calls pass before the first one fails. @default 0 */
  readonly skip?: number;
  /** Only calls to this entity; absent: all. */
  readonly entity?: string;
  /** @default what the code says */
  readonly retryable?: boolean;
  /** @default true for `after` */
  readonly ambiguous?: boolean;
  /** The delay after which the service asks for a retry, in milliseconds. @default it does not say */
  readonly retryAfterMs?: number;
}

/** One call of a driver, as the wrapper saw it. */
export interface CallRecord {
  /** The operation that was called. */
  readonly operation: Operation;
  /** The entity's own name at the provider. */
  readonly entity: string;
  /** How many items the call had; for a receive, how many it asked for. */
  readonly items: number;
  /** When it began, in milliseconds of the case's clock. */
  readonly startedAtMs: number;
  /** Its arguments. */
  readonly detail: CallDetail;
  /** Undefined while the call is open. */
  endedAtMs: number | undefined;
}

/** Arguments of a call; fields that do not belong to its operation are absent. */
export interface CallDetail {
  /** For a send. */
  readonly messages?: readonly OutgoingMessage[];
  /** For a release. */
  readonly releases?: readonly Omit<ReleaseItem<unknown>, "handle">[];
  /** For an ack, a release, a renewal or a dead letter. */
  readonly handles?: readonly unknown[];
  /** For a receive. */
  readonly ask?: ReceiveAsk;
}

/** Calls that wait until they are released. */
export interface Hold {
  /** How many calls wait now or have waited. */
  readonly reached: number;
  /** Releases all waiting calls, and every later one. */
  release(): void;
}

/** The error that injected failures throw; only the wrapper's `classify` reads it. */
export class InjectedFault extends Error {
  /** What `classify` returns for it. */
  readonly errorClass: ErrorClass;

  constructor(operation: Operation, errorClass: ErrorClass) {
    super(`injected ${errorClass.code} during ${operation}`);
    this.name = "InjectedFault";
    this.errorClass = errorClass;
  }
}

interface ArmedFault {
  readonly fault: Fault;
  left: number;
  skip: number;
}

interface ArmedHold {
  readonly operation: Operation;
  readonly when: "before" | "after";
  readonly gate: Gate;
  left: number;
  reached: number;
  released: boolean;
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  "THROTTLED",
  "QUOTA_EXCEEDED",
  "NO_SESSION",
  "CONNECTION_LOST",
  "TIMEOUT",
  "UNAVAILABLE",
]);

/** Faults to inject into the drivers of one case, and the log of their calls. */
export class FaultPlan {
  readonly #now: () => number;
  readonly #calls: CallRecord[] = [];
  readonly #consumers = new Set<ConsumerEvents<unknown>>();
  #faults: ArmedFault[] = [];
  #holds: ArmedHold[] = [];
  #waiting = 0;
  #inFlight = 0;

  /** @param now milliseconds of the case's clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Arms a fault; several for one operation are used up in the given order. */
  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1, skip: fault.skip ?? 0 });
  }

  /** Makes the next `times` calls wait, before they go out or after they return. */
  hold(
    operation: Operation,
    options: { readonly when?: "before" | "after"; readonly times?: number } = {},
  ): Hold {
    const gate = createGate();
    const armed: ArmedHold = {
      operation,
      when: options.when ?? "before",
      gate,
      left: options.times ?? 1,
      reached: 0,
      released: false,
    };
    this.#holds.push(armed);
    return {
      get reached() {
        return armed.reached;
      },
      release() {
        armed.released = true;
        gate.open();
      },
    };
  }

  /** Ends every fault and releases every held call. */
  clear(): void {
    this.#faults = [];
    for (const armed of this.#holds) {
      armed.released = true;
      armed.gate.open();
    }
    this.#holds = [];
  }

  /** Tells every open consumer that all its leases are gone, as after a lost connection (D6). */
  loseAllLeases(): void {
    const error = new InjectedFault("receive", { code: "LEASE_LOST", retryable: false });
    for (const events of this.#consumers) events.leasesLost("all", error);
  }

  /** The calls so far, oldest first. */
  calls(operation?: Operation, entity?: string): readonly CallRecord[] {
    return this.#calls.filter(
      (call) =>
        (operation === undefined || call.operation === operation) &&
        (entity === undefined || call.entity === entity),
    );
  }

  /** The number of calls so far, of one operation or entity if given. */
  count(operation?: Operation, entity?: string): number {
    return this.calls(operation, entity).length;
  }

  /** True if the only open calls are receives, which may wait for long, and held calls. */
  get isQuiet(): boolean {
    return this.#inFlight === this.#waiting;
  }

  /** Registers a consumer, so that its leases can be lost. Returns a function that removes it. */
  register(events: ConsumerEvents<unknown>): () => void {
    this.#consumers.add(events);
    return () => void this.#consumers.delete(events);
  }

  /** Takes the fault for a call, if one is armed, and uses it up. */
  take(operation: Operation, entity: string): Fault | undefined {
    const armed = this.#faults.find(
      ({ fault, left }) =>
        left > 0 && fault.operation === operation && (fault.entity === undefined || fault.entity === entity),
    );
    if (armed === undefined) return undefined;
    if (armed.skip > 0) {
      armed.skip -= 1;
      return undefined;
    }
    armed.left -= 1;
    return armed.fault;
  }

  /** Waits if a hold is armed. Resolves early, with `aborted`, if the signal aborts. */
  async pass(
    operation: Operation,
    when: "before" | "after",
    signal: AbortSignal,
  ): Promise<"passed" | "aborted"> {
    const armed = this.#holds.find(
      (hold) => hold.operation === operation && hold.when === when && hold.left > 0 && !hold.released,
    );
    if (armed === undefined) return "passed";
    armed.left -= 1;
    armed.reached += 1;
    if (operation !== "receive") this.#waiting += 1;
    try {
      return await raceAbort(armed.gate.opened, signal);
    } finally {
      if (operation !== "receive") this.#waiting -= 1;
    }
  }

  /** Logs a call from start to end. */
  async record<T>(
    operation: Operation,
    entity: string,
    items: number,
    detail: CallDetail,
    run: () => Promise<T>,
  ): Promise<T> {
    const call: CallRecord = {
      operation,
      entity,
      items,
      detail,
      startedAtMs: this.#now(),
      endedAtMs: undefined,
    };
    this.#calls.push(call);
    if (operation !== "receive") this.#inFlight += 1;
    try {
      return await run();
    } finally {
      call.endedAtMs = this.#now();
      if (operation !== "receive") this.#inFlight -= 1;
    }
  }
}

/** The error value of a fault. */
export function injected(fault: Fault): InjectedFault {
  return new InjectedFault(fault.operation, {
    code: fault.code,
    retryable: fault.retryable ?? RETRYABLE.has(fault.code),
    ambiguous: fault.ambiguous ?? fault.when === "after",
    ...(fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }),
  });
}

/** Merges the failures of `fault.items` into `passed`, the results of the items that went out. */
export function withItemFaults<T>(
  fault: Fault & { readonly items: readonly number[] },
  length: number,
  passed: readonly ItemResult<T>[],
): readonly ItemResult<T>[] {
  const failed = new Set(fault.items);
  const sentAll = fault.when === "after";
  let next = 0;
  return Array.from({ length }, (_, index): ItemResult<T> => {
    if (failed.has(index)) {
      if (sentAll) next += 1;
      return { ok: false, error: injected(fault) };
    }
    const result = passed[next];
    next += 1;
    return result ?? { ok: false, error: new Error(`the driver gave no result for item ${index}`) };
  });
}

async function raceAbort(opened: Promise<void>, signal: AbortSignal): Promise<"passed" | "aborted"> {
  const ended = aborted(signal).then((): "aborted" => "aborted");
  return await Promise.race([opened.then((): "passed" => "passed"), ended]);
}
