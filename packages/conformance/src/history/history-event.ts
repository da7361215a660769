/** The members of every line of a history. */
export interface EventBase {
  /** Monotonic nanoseconds; processes of one machine share the base. */
  readonly t: number;
  /** Wall clock, Unix epoch milliseconds. */
  readonly w: number;
  /** Name of the process that wrote the line, unique in the run. */
  readonly proc: string;
  /** Id of the operation; an invocation and its outcome share it. */
  readonly op: string;
}

/** The intended settlement. */
export type SettleKind = "ack" | "release" | "dead";

/** How a handler ended: as its result was understood, or stopped by the engine. */
export type HandleResult = "ack" | "retry" | "dead" | "throw" | "aborted";

/** The report of a consumer when its `close` resolved. */
export interface CloseReport {
  /** As in `DrainReport`. */
  readonly handled: number;
  /** As in `DrainReport`. */
  readonly released: number;
  /** As in `DrainReport`. */
  readonly abandoned: number;
}

/** The members of each type of event beyond `EventBase`. Times are in nanoseconds like `t`. */
export interface EventMembers {
  /** An application sends; written before anything else happens. */
  readonly "send.invoke": {
    readonly mid: string;
    readonly dest: string;
    /** Digest of body and attributes. */
    readonly hash: string;
    readonly key?: string;
    /** Position among the messages of its key and sender, ascending. */
    readonly kseq?: number;
    readonly dedup?: string;
    /** It is to be delivered this much later, in milliseconds. */
    readonly delayMs?: number;
    /** It is dropped after this time, in milliseconds from the send or from the end of its delay. */
    readonly ttlMs?: number;
  };
  /** The send was confirmed; `bid` is the identity of the stored message at the provider. */
  readonly "send.ok": { readonly bid?: string };
  /** Nothing was stored. */
  readonly "send.fail": { readonly code: string };
  /** The message may have been stored. */
  readonly "send.info": { readonly code: string };
  /** A message was handed over under a lease. */
  readonly deliver: {
    readonly mid: string;
    /** Identity of the stored message. */
    readonly bid: string;
    /** Identity of this hand-over. */
    readonly tok: string;
    /** The service's name for the hand-over, hashed; equal to that in its `hand.out`. */
    readonly lease?: string;
    readonly dest: string;
    readonly hash: string;
    readonly consumer: string;
    readonly attempt?: number;
    readonly leaseUntil?: number;
    readonly key?: string;
    /** Name of the lease, if all deliveries with this name in a process share it, as in a session. */
    readonly shared?: string;
  };
  /** From the service's own record, at its time: the receiver may read the message long after. */
  readonly "hand.out": { readonly lease: string };
  /** From the same record: the service ended this lease early, or handed its message out again meanwhile. */
  readonly "lease.broken": { readonly lease: string };
  /** A handler began; `isPulled` if the application itself works on a message that it pulled. */
  readonly "handle.start": { readonly tok: string; readonly isPulled?: boolean };
  /** The handler's signal aborted. */
  readonly "handle.abort": { readonly tok: string; readonly reason: string };
  /** A handler ended. */
  readonly "handle.end": { readonly tok: string; readonly result: HandleResult };
  /** A settlement was requested. `delayMs`: a release, and the message is to come again this much later. */
  readonly "settle.invoke": { readonly tok: string; readonly kind: SettleKind; readonly delayMs?: number };
  /** It was confirmed. */
  readonly "settle.ok": { readonly tok: string; readonly kind: SettleKind };
  /** It came too late: the lease was gone. */
  readonly "settle.lost": { readonly tok: string; readonly kind: SettleKind };
  /** It was refused. */
  readonly "settle.fail": { readonly tok: string; readonly kind: SettleKind };
  /** It may have been applied. */
  readonly "settle.info": { readonly tok: string; readonly kind: SettleKind };
  /** A renewal was requested. */
  readonly "renew.invoke": { readonly tok: string };
  /** The lease now lasts until then. */
  readonly "renew.ok": { readonly tok: string; readonly until: number };
  /** The broker said, in an answer or on its own, that the lease is gone. */
  readonly "renew.lost": { readonly tok: string };
  /** The renewal was refused for now. */
  readonly "renew.fail": { readonly tok: string };
  /** A copy of the message goes to the dead letters, where the service cannot move it there itself. */
  readonly "copy.invoke": { readonly mid: string };
  /** The service begins to move dead letters back to their queue, and tells nobody which. */
  readonly "redrive.start": { readonly dest: string };
  /** It has ended. */
  readonly "redrive.end": { readonly dest: string };
  /** It was refused. */
  readonly "redrive.fail": { readonly dest: string };
  /** A dead letter is sent to its queue again, where the service does not move it itself. */
  readonly "move.invoke": { readonly mid: string };
  /** It was confirmed and is no dead letter any more. `lease`: as in `deliver`, that of the dead letter. */
  readonly "move.ok": { readonly mid: string; readonly lease?: string };
  /** It was not stored again. */
  readonly "move.fail": { readonly mid: string };
  /** A dead letter was read. */
  readonly "dlq.deliver": {
    readonly mid: string;
    readonly bid: string;
    readonly hash: string;
    readonly reason?: string;
    readonly attempts?: number;
    readonly origin?: string;
  };
  /** A fault begins. */
  readonly "fault.start": { readonly fault: string; readonly seed?: number; readonly target?: string };
  /** The fault ends. */
  readonly "fault.stop": { readonly fault: string };
  /** Somebody starts to look at what is left in a queue. */
  readonly "drain.start": { readonly dest: string };
  /** A message that was still in its queue at the end. */
  readonly "drain.deliver": { readonly mid: string; readonly dest: string };
  /** `depth`, if it can be read. */
  readonly "drain.end": { readonly dest: string; readonly emptyPolls: number; readonly depth?: number };
  /** The queue has been deleted with its contents. */
  readonly "queue.deleted": { readonly dest: string };
  /** A process began. */
  readonly "proc.start": { readonly pid: number };
  /** From here to its `proc.wake` the process does nothing: it is stopped, or its event loop is blocked. */
  readonly "proc.still": { readonly of: string };
  /** The process continues. */
  readonly "proc.wake": { readonly of: string };
  /** `close` of a consumer resolved. */
  readonly "consumer.close": { readonly consumer: string; readonly report: CloseReport };
  /** `signal` if the process was killed; written by whoever watches it. */
  readonly "proc.exit": { readonly of: string; readonly signal?: string };
  /** Requests of one operation in one process, counted over `durationMs`. */
  readonly cost: {
    readonly operation: string;
    readonly calls: number;
    /** The receives among them that returned nothing. */
    readonly empty: number;
    readonly durationMs: number;
  };
}

/** The name of a type of event. */
export type EventType = keyof EventMembers;

/** One line of a history. */
export type HistoryEvent<Type extends EventType = EventType> = Type extends EventType
  ? EventBase & { readonly type: Type } & EventMembers[Type]
  : never;

/** The members that a line of each type must have, with the types of their values. */
const REQUIRED: Readonly<Record<EventType, Readonly<Record<string, "string" | "number" | "object">>>> = {
  "send.invoke": { mid: "string", dest: "string", hash: "string" },
  "send.ok": {},
  "send.fail": { code: "string" },
  "send.info": { code: "string" },
  deliver: {
    mid: "string",
    bid: "string",
    tok: "string",
    dest: "string",
    hash: "string",
    consumer: "string",
  },
  "hand.out": { lease: "string" },
  "lease.broken": { lease: "string" },
  "handle.start": { tok: "string" },
  "handle.abort": { tok: "string", reason: "string" },
  "handle.end": { tok: "string", result: "string" },
  "settle.invoke": { tok: "string", kind: "string" },
  "settle.ok": { tok: "string", kind: "string" },
  "settle.lost": { tok: "string", kind: "string" },
  "settle.fail": { tok: "string", kind: "string" },
  "settle.info": { tok: "string", kind: "string" },
  "renew.invoke": { tok: "string" },
  "renew.ok": { tok: "string", until: "number" },
  "renew.lost": { tok: "string" },
  "renew.fail": { tok: "string" },
  "copy.invoke": { mid: "string" },
  "redrive.start": { dest: "string" },
  "redrive.end": { dest: "string" },
  "redrive.fail": { dest: "string" },
  "move.invoke": { mid: "string" },
  "move.ok": { mid: "string" },
  "move.fail": { mid: "string" },
  "dlq.deliver": { mid: "string", bid: "string", hash: "string" },
  "fault.start": { fault: "string" },
  "fault.stop": { fault: "string" },
  "drain.start": { dest: "string" },
  "drain.deliver": { mid: "string", dest: "string" },
  "drain.end": { dest: "string", emptyPolls: "number" },
  "queue.deleted": { dest: "string" },
  "proc.start": { pid: "number" },
  "proc.still": { of: "string" },
  "proc.wake": { of: "string" },
  "consumer.close": { consumer: "string", report: "object" },
  "proc.exit": { of: "string" },
  cost: { operation: "string", calls: "number", empty: "number", durationMs: "number" },
};

const BASE = { t: "number", w: "number", proc: "string", op: "string" } as const;

/** What is wrong with a parsed line, in one sentence; undefined if it is an event. */
export function eventProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("type" in value)) return "it has no type";
  const { type } = value;
  if (typeof type !== "string" || !isEventType(type)) return `its type ${JSON.stringify(type)} is unknown`;
  const missing = Object.entries({ ...BASE, ...REQUIRED[type] }).find(
    ([name, kind]) => typeof Reflect.get(value, name) !== kind,
  );
  return missing === undefined ? undefined : `${missing[0]} of ${type} must be a ${missing[1]}`;
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(REQUIRED, type);
}
