import type { HistoryEvent } from "@anyqueue/conformance";
import type { ControlClient } from "@anyqueue/emulator";
import type { Crew, Member } from "./crew.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import type { HistoryTail } from "./history-tail.ts";
import type { Wave } from "./phases.ts";
import type { Stage, StageName } from "./providers.ts";

/** What the application is doing when the fault comes. */
export const PHASES = ["send", "receive", "handle", "settle", "renew", "dead-letter"] as const;
export type Phase = (typeof PHASES)[number];

/** All that a fault can lay hands on. */
export interface Arena {
  readonly stage: Stage;
  readonly phase: Phase;
  readonly crew: Crew;
  /** The process that sends now; a fault that ends it puts another one here. */
  producer: Member;
  /** The consumers that run now; a fault that starts or ends some keeps the list. */
  readonly consumers: Member[];
  readonly tail: HistoryTail;
  /** Numbers from 0 up to 1, drawn from the seed of the cell. */
  random(): number;
  startConsumer(): Promise<Member>;
  /** Absent where the queue lives inside a process. */
  readonly wire: Wire | undefined;
}

/** What is between the processes and the service, and the service itself. */
export interface Wire {
  /** Before the producer, and before the consumers. */
  readonly toProducer: FaultProxy;
  readonly toConsumer: FaultProxy;
  /** The one of the side that the phase is about. */
  readonly proxy: FaultProxy;
  readonly control: ControlClient;
  /** Requests that failed, and connections that were made, so far. */
  countFailures(): Promise<number>;
  deleteQueue(): Promise<void>;
  createQueue(): Promise<void>;
}

/** The wire of an arena that has one. */
export function wireOf({ wire }: Arena): Wire {
  if (wire === undefined) throw new Error("a queue in memory has no wire");
  return wire;
}

/** Something that goes wrong, and how it is put right. */
export interface FaultKind {
  /** In `--only`, such as `cut`. */
  readonly name: string;
  /** Rows of the fault matrix that it is a case of. */
  readonly rows: readonly string[];
  readonly stages: readonly StageName[];
  readonly phases: readonly Phase[];
  /** How long it lasts, milliseconds. @default 1500 */
  readonly forMs?: number;
  /** The same as a multiple of the lease. */
  readonly forLeases?: number;
  /** What is sent meanwhile. @default what the phase says */
  readonly during?: Wave;
  /** That is sent when `begin` is done, not while it is at it. @default false */
  readonly sendsAfterBegin?: boolean;
  /** Deliveries that were known to be late when they came are not held; the history cannot tell. @default false */
  readonly blursLeases?: boolean;
  /** The service delivers once more for no reason that a consumer could know. @default false */
  readonly deliversTwice?: boolean;
  /** How soon after its end a handler must have succeeded, milliseconds. @default 10000 */
  readonly recoveryMs?: number;
  /** What has to be there before the phase comes about, so that the fault meets it. */
  prepare?(arena: Arena): unknown;
  begin(arena: Arena): unknown;
  /** What is wrong with the history beyond the invariants, in sentences. */
  verify?(events: readonly HistoryEvent[]): readonly string[];
  /** Proxies and fault rules are put right anyway. */
  end?(arena: Arena): unknown;
}

/** One square of the matrix. */
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

/** `sqs/cut/send`, each part perhaps with `*`; parts that are left out fit everything. */
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
