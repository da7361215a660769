/**
 * The driver contract: the one thing that an adapter author implements.
 *
 * The core owns everything with policy or time: batching, request retry, concurrency, lease renewal, ordering lanes,
 * redelivery policy, dead-letter fallback, codecs, middleware, telemetry, drain. A driver translates.
 * An **adapter is a connection** (a scheme and an authority); a **target** is one entity on it;
 * a **driver** is one producer or consumer of a target.
 *
 * The rules below are numbered; conformance cases and adapter comments cite the numbers.
 *
 * - **D1 Pull with flow.** *Outstanding* = handed over or credited, and no settle call begun; it never exceeds
 *   `flow.maxOutstanding`, which the core changes with `setFlow` (0 while paused). `receiveBatch` resolves as soon as
 *   anything is there and never waits to fill; buffered deliveries come before a rejection; calls may overlap up to
 *   `limits.receive.parallel`. On abort it resolves (never rejects) with what it has; a reply that arrives later is
 *   released by the driver, and `close()` waits for that. Where the protocol cannot recall what is on its way
 *   (`abort: "mayStrand"`), a stranded delivery returns at the end of its lease.
 * - **D2 Aligned per-item results**: same length, same order as the input. A throw applies to every item with its own
 *   classification (`ambiguous: false` = nothing was applied). A driver may split one call into several requests and
 *   reports a failed one per item; it never merges calls.
 * - **D3 A driver never retries, sleeps, logs or batches.** Allowed timers: protocol keep-alive and its watchdog, a
 *   session's idle release, the SDK's own link reconnection if reported through `events`. The SDK's own retry, lease
 *   renewal and auto-settle are off, or down to one short attempt, where the client is built.
 * - **D4 Capabilities and limits are data.** A feature is native, emulated by the core on request, or refused with
 *   `UNSUPPORTED`, always before the operation's I/O. `extendBatch` exists if and only if `lease` is timed or shared,
 *   `deadLetterBatch` if and only if `deadLetter` is native. `delayMs` rounds up to the service's unit.
 * - **D5 Identity.** Leases and settlement are keyed by delivery, never by message id: duplicates of one id are normal.
 *   Where `settle` is `accepted`, a second delivery of a stored message (`providerId`) that the core has in hand is taken
 *   for another lease of it, and its handle settles it from then on.
 *   A handle is bound to its link: if that is gone it yields `LEASE_LOST` locally and never goes out on a new one.
 * - **D6 A lost lease is an outcome** (`ok: false` that classifies to `LEASE_LOST`), not a throw; lost at a distance
 *   (session, connection) it is reported through `events.leasesLost` within a second.
 * - **D7 `sizeOf` never under-counts** and is exact within 10 % of the limit; a batch is the sum plus `overheadBytes`.
 * - **D8 Ownership.** Adapters opened with equal connection settings share one counted client; the last `close()` ends
 *   it. A client that was given in is left open. `close()` is idempotent and leaves nothing that keeps the process alive.
 * - **D9 Errors are classified by tables** whose rows name their source; a known vendor error on `INTERNAL` is a defect.
 * - **D10 Foreign messages** (sent by somebody else's SDK) are delivered with all that they carry; ours are readable by a
 *   foreign consumer; a copy (dead letter, clone) loses nothing.
 * - **D11 Secrets** never reach an error, an event, a target or a log.
 * - **D12 Provisioning is outside the drivers**: `AdminDriver` behind the portable `QueueAdmin`.
 * - **D13 Order of opening**: `resolve` (no I/O) → `probe` (rights may be missing: facts unknown, never fatal) → `open`
 *   (`NOT_FOUND`, `ACCESS_DENIED`, `UNAUTHENTICATED` are fatal here, within 5 s) → asks.
 * - **D14 `leaseMs`** is what is left when `receiveBatch` resolves: buffering time subtracted, monotonic, never server
 *   time minus wall clock where the lease length is known.
 * - **D15 After a release on a key** the core dispatches no buffered follower of it; `followers` says what happens to
 *   them. A driver that declares `drop` hands over nothing of the key, once `releaseBatch` has answered, that the service
 *   will hand over again after the message that went back.
 */
import type { ErrorCode } from "../errors/error-codes.ts";
import type { AdminDriver } from "./admin-driver.ts";
import type { Delivery, OutgoingMessage } from "./delivery.ts";
import type { EntityRef, ProbeResult, Target } from "./entity.ts";

/** What was being done when a vendor error came up. */
export type Operation =
  | "open"
  | "send"
  | "cancel"
  | "receive"
  | "ack"
  | "release"
  | "extend"
  | "deadLetter"
  | "peek"
  | "probe"
  | "admin";

/** The result of one item of a batch. `error` is the vendor's value; it is read only through `classify`. */
export type ItemResult<T = undefined> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** What the core knows of a vendor error. */
export interface ErrorClass {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** True: the operation may have taken effect. */
  readonly ambiguous?: boolean;
  /** The service's own hint, in milliseconds; the core waits five minutes at most. */
  readonly retryAfterMs?: number;
  /** What to do, where more is known of it than the code's own remedy says. */
  readonly remedy?: string;
  /** The vendor's code, for logs and dashboards. */
  readonly providerCode?: string;
  readonly requestId?: string;
}

/** `maxOutstanding` 0 = stopped; `lanes` = ordering keys wanted at once (sessions). */
export interface Flow {
  readonly maxOutstanding: number;
  readonly lanes: number;
}

/** Callable at any time, also between asks; never throws. */
export interface ConsumerEvents<Handle> {
  leasesLost(
    lost: { readonly handles: readonly Handle[] } | { readonly leaseKey: string } | "all",
    error: unknown,
  ): void;
  /** Background failure: stream ended, link detached, reconnecting. */
  fault(error: unknown): void;
}

/** What a consumer driver is opened with. */
export interface ConsumerDriverOptions<Handle> {
  readonly mode: "stream" | "pull";
  /** Wanted lease in milliseconds; used where `leaseSetBy` is `consumer`. */
  readonly leaseMs: number;
  readonly flow: Flow;
  readonly events: ConsumerEvents<Handle>;
}

/** One connection. `Handle` is private to the adapter: what it needs to settle a delivery. */
export interface QueueAdapter<Handle = unknown> {
  /** `"sqs"`. */
  readonly name: string;
  /** Pure: names, and the capabilities known without I/O. @throws INVALID_ARGUMENT for an illegal name, UNSUPPORTED for a kind that it lacks. */
  resolve(ref: EntityRef): Target;
  probe?(target: Target, signal: AbortSignal): Promise<ProbeResult>;
  /**
   * No I/O; an absent side throws UNSUPPORTED. A `redrive` sends again what `target` alone is to get, and as new to it: its
   * `open` rejects UNSUPPORTED where others would get it too, and what looks for duplicates must not take it for one.
   */
  openProducer(target: Target, purpose?: SendPurpose): ProducerDriver;
  openConsumer(target: Target, options: ConsumerDriverOptions<Handle>): ConsumerDriver<Handle>;
  /** Pure. */
  classify(error: unknown, during: Operation): ErrorClass;
  /** Loaded on demand. */
  admin?(): Promise<AdminDriver>;
  close(): Promise<void>;
}

/** @default "send" */
export type SendPurpose = "send" | "redrive";

/** The confirmation of one message. */
export interface SendReceipt {
  readonly providerId?: string;
  /** True where the service says that the message was a duplicate and nothing was stored. */
  readonly duplicate?: boolean;
  readonly cancelToken?: string;
}

/** Sends to one target. */
export interface ProducerDriver {
  /** Idempotent; resolves when sends can flow. */
  open?(signal: AbortSignal): Promise<void>;
  /** True: it sends text as text, so that a body's bytes are made only where it reads them. @default false */
  readonly takesText?: boolean;
  /** The vendor's counting rule, attributes included; pure. */
  sizeOf(message: OutgoingMessage): number;
  sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]>;
  cancelBatch?(tokens: readonly string[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  close(): Promise<void>;
}

/** How many deliveries are wanted, and how long to wait for the first. */
export interface ReceiveAsk {
  readonly maxItems: number;
  readonly waitMs: number;
}

/** One delivery to make visible again, now or later. */
export interface ReleaseItem<Handle> {
  readonly handle: Handle;
  readonly delayMs: number;
  /** `unstarted`: no handler began; services that can tell do not count it as a delivery. */
  readonly cause: "retry" | "unstarted";
  readonly note?: Readonly<Record<string, string>>;
}

/** One lease to lengthen. */
export interface ExtendItem<Handle> {
  readonly handle: Handle;
  /** From now. */
  readonly leaseMs: number;
}

/** One delivery to move to the dead letters. */
export interface DeadLetterItem<Handle> {
  readonly handle: Handle;
  readonly reason: string;
  readonly description?: string;
  /** The core's `aq-` attributes of the dead letter. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Receives from one target and settles what it handed over. */
export interface ConsumerDriver<Handle> {
  /** Resolves when deliveries can flow. */
  open?(signal: AbortSignal): Promise<void>;
  /** Required of drivers whose broker pushes: live concurrency, pause. */
  setFlow?(flow: Flow, signal: AbortSignal): Promise<void>;
  receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<Handle>[]>;
  ackBatch(handles: readonly Handle[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  releaseBatch(items: readonly ReleaseItem<Handle>[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  extendBatch?(
    items: readonly ExtendItem<Handle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]>;
  deadLetterBatch?(
    items: readonly DeadLetterItem<Handle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]>;
  peekBatch?(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<never>[]>;
  close(): Promise<void>;
}
