import type { HistoryEvent } from "@anyqueue/conformance";
import type { ControlClient } from "@anyqueue/emulator";
import type { Crew, Member } from "./crew.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import type { HistoryTail } from "./history-tail.ts";
import type { Wave } from "./phases.ts";
import type { Stage, StageName } from "./providers.ts";

/** What the application is doing when the fault begins. */
export const PHASES = ["send", "receive", "handle", "settle", "renew", "dead-letter"] as const;
export type Phase = (typeof PHASES)[number];

/** Everything that a fault can act on. */
export interface Arena {
  readonly stage: Stage;
  readonly phase: Phase;
  readonly crew: Crew;
  /** The current producer process. A fault that ends it puts the new one here. */
  producer: Member;
  /** The running consumers. A fault that starts or ends some updates the list. */
  readonly consumers: Member[];
  readonly tail: HistoryTail;
  /** Returns a number in [0, 1), drawn from the seed of the cell. */
  random(): number;
  startConsumer(): Promise<Member>;
  /** Undefined if the queue is inside a process. */
  readonly wire: Wire | undefined;
}

/** The proxies between the processes and the service, and the service itself. */
export interface Wire {
  /** The proxy of the producer, and the one of the consumers. */
  readonly toProducer: FaultProxy;
  readonly toConsumer: FaultProxy;
  /** The proxy of the side that the phase is about. */
  readonly proxy: FaultProxy;
  readonly control: ControlClient;
  /** Moves the service's clock on at once: leases end long before their holders expect it. */
  jump(ms: number): Promise<void>;
  /** The number of failed requests and of accepted connections so far. */
  countFailures(): Promise<number>;
  deleteQueue(): Promise<void>;
  createQueue(): Promise<void>;
}

/** Returns the wire of an arena. Throws if it has none. */
export function wireOf({ wire }: Arena): Wire {
  if (wire === undefined) throw new Error("a queue in memory has no wire");
  return wire;
}

/** Something that goes wrong, and how it is repaired. */
export interface FaultKind {
  /** The name in `--only`, such as `cut`. */
  readonly name: string;
  /** The rows of the fault matrix that it covers. */
  readonly rows: readonly string[];
  readonly stages: readonly StageName[];
  readonly phases: readonly Phase[];
  /** How long the fault lasts, milliseconds. @default 1500 */
  readonly forMs?: number;
  /** How long the fault lasts, as a multiple of the lease. */
  readonly forLeases?: number;
  /** The messages sent during the fault. @default those of the phase */
  readonly during?: Wave;
  /** Sends `during` after `begin` has finished, not while it runs. @default false */
  readonly sendsAfterBegin?: boolean;
  /** Deliveries known to be late on arrival are not held, which the history cannot show. @default false */
  readonly blursLeases?: boolean;
  /** A handler must succeed within this time after the fault's end, milliseconds. @default 10000 */
  readonly recoveryMs?: number;
  /** Prepares what must exist before the phase begins, so that the fault affects it. */
  prepare?(arena: Arena): unknown;
  begin(arena: Arena): unknown;
  /** Problems of the history beyond the invariants, one sentence each. */
  verify?(events: readonly HistoryEvent[]): readonly string[];
  /** Ends the fault. The runner resets proxies and fault rules in any case. */
  end?(arena: Arena): unknown;
}

/** One cell of the fault matrix. */
export interface Cell {
  readonly provider: StageName;
  readonly fault: FaultKind;
  readonly phase: Phase;
}

export function cellName({ provider, fault, phase }: Cell): string {
  return `${provider}/${fault.name}/${phase}`;
}

export function cellsOf(faults: readonly FaultKind[]): readonly Cell[] {
  return faults.flatMap((fault) =>
    fault.stages.flatMap((provider) => fault.phases.map((phase) => ({ provider, fault, phase }))),
  );
}

/** A pattern is like `sqs/cut/send`. Each part may contain `*`, and an omitted part matches everything. */
export function selectCells(cells: readonly Cell[], patterns: readonly string[]): readonly Cell[] {
  const expressions = patterns.map((pattern) => {
    const parts = [...pattern.split("/"), "*", "*"].slice(0, 3);
    return new RegExp(
      `^${parts
        .map((part) =>
          part
            .replaceAll(/[^a-z0-9*+-]/g, "")
            .replaceAll("+", "\\+")
            .replaceAll("*", "[^/]*"),
        )
        .join("/")}$`,
    );
  });
  return cells.filter((cell) => expressions.some((expression) => expression.test(cellName(cell))));
}
