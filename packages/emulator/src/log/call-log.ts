import type { Protocol, Wire } from "../faults/fault-rule.ts";

/**
 * State of a call: pending, or ended by an answer, an error, a reset, a hold without an answer, or a lost
 * connection.
 */
export type CallOutcome = "pending" | "ok" | "error" | "reset" | "held" | "disconnected";

/** One request that reached the emulator. Each retry by the client is a request of its own. */
export interface CallLogEntry {
  /** Counts from 1 in order of arrival. */
  readonly sequence: number;
  /** Engine time of arrival in milliseconds. */
  readonly at: number;
  /** The front that it came to. */
  readonly protocol: Protocol;
  /** How it was encoded. */
  readonly wire: Wire;
  /** The service's name of what was asked for. */
  readonly operation: string;
  /** Name of the queue or other entity, if the request names one. */
  readonly queue: string | undefined;
  /** Region (SQS) or project (Pub/Sub) that the client meant; `local` for Service Bus. */
  readonly region: string;
  /** Id that the emulator answered with. */
  readonly requestId: string;
  /** Same for all attempts of one SDK call (`amz-sdk-invocation-id`). */
  readonly invocationId: string | undefined;
  /** 1 for the first attempt (`amz-sdk-request`). */
  readonly attempt: number;
  /** Number of entries in a batch request, 1 for any other request. */
  readonly entries: number;
  /** How it ended. */
  readonly outcome: CallOutcome;
  /** HTTP or gRPC status; undefined where nothing was answered. */
  readonly status: number | undefined;
  /** Error code in the answer. */
  readonly errorCode: string | undefined;
  /** Ids of the fault rules that fired on this call. */
  readonly faults: readonly string[];
}

export type CallStart = Omit<CallLogEntry, "sequence" | "outcome" | "status" | "errorCode" | "faults">;

export interface CallEnd {
  readonly outcome: CallOutcome;
  readonly status: number | undefined;
  readonly errorCode: string | undefined;
}

/** Handle of a call that is under way. */
export interface OpenCall {
  fired(ruleId: string): void;
  end(end: CallEnd): void;
}

type MutableEntry = Omit<CallLogEntry, keyof CallEnd> & { -readonly [Key in keyof CallEnd]: CallEnd[Key] };

// Bounds the memory of a benchmark with a million calls. The counts stay exact regardless.
const MAX_ENTRIES = 50_000;

/** Calls in order of arrival: the newest entries, and how often each operation was called. */
export class CallLog {
  #entries: CallLogEntry[] = [];
  readonly #counts = new Map<string, number>();
  #total = 0;
  #nextSequence = 1;

  /** The newest 50,000 calls, oldest first. */
  entries(): readonly CallLogEntry[] {
    return this.#entries.slice(-MAX_ENTRIES);
  }

  /** Number of calls since the start or the last `clear`, for one operation or for all. */
  count(operation?: string): number {
    return operation === undefined ? this.#total : (this.#counts.get(operation) ?? 0);
  }

  clear(): void {
    this.#entries = [];
    this.#counts.clear();
    this.#total = 0;
  }

  open(start: CallStart): OpenCall {
    this.#total += 1;
    this.#counts.set(start.operation, (this.#counts.get(start.operation) ?? 0) + 1);
    const faults: string[] = [];
    const entry: MutableEntry = {
      ...start,
      sequence: this.#nextSequence++,
      outcome: "pending",
      status: undefined,
      errorCode: undefined,
      faults,
    };
    this.#entries.push(entry);
    if (this.#entries.length > 2 * MAX_ENTRIES) this.#entries = this.#entries.slice(-MAX_ENTRIES);
    return {
      fired: (ruleId) => {
        faults.push(ruleId);
      },
      end: (end) => {
        Object.assign(entry, end);
      },
    };
  }
}
