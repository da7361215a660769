/**
 * The driver contract: the only interface that an adapter author implements.
 *
 * The core owns everything that involves policy or time: batching, request retry, concurrency, lease renewal,
 * ordering lanes, redelivery policy, dead-letter fallback, codecs, middleware, telemetry, drain. A driver
 * translates. An **adapter is a connection** (a scheme and an authority); a **target** is one entity on it; a
 * **driver** is one producer or consumer of a target.
 *
 * The rules below are numbered; conformance cases and adapter comments cite the numbers.
 *
 * - **D1 Pull with flow.** *Outstanding* deliveries are handed over or credited, and no settle call has begun
 *   for them. Their number never exceeds `flow.maxOutstanding`, which the core changes with `setFlow` (0
 *   while paused). `receiveBatch` resolves as soon as there is any delivery and never waits for more; it
 *   returns buffered deliveries before it rejects. Up to `limits.receive.parallel` calls may overlap. On
 *   abort it resolves (never rejects) with what it has. If a reply arrives later, the driver releases its
 *   deliveries, and `close()` waits for that. If the protocol cannot recall what is on its way
 *   (`abort: "mayStrand"`), a stranded delivery returns at the end of its lease.
 * - **D2 Aligned per-item results**: same length, same order as the input. A throw applies to every item, by
 *   the classification of its error (`ambiguous: false` = nothing was applied). A driver may split one call
 *   into several requests, and then reports a failed request per item; it never merges calls.
 * - **D3 A driver never retries, sleeps, logs or batches.** Allowed timers: protocol keep-alive and its
 *   watchdog, a session's idle release, the SDK's own link reconnection if reported through `events`. Where
 *   the client is built, the SDK's own retry, lease renewal and auto-settle are turned off, or down to one
 *   short attempt.
 * - **D4 Capabilities and limits are data.** A feature is native, emulated by the core on request, or refused
 *   with `UNSUPPORTED`, always before the operation's I/O. `extendBatch` exists if and only if `lease` is
 *   timed or shared, `deadLetterBatch` if and only if `deadLetter` is native. `delayMs` rounds up to the
 *   service's unit.
 * - **D5 Identity.** Leases and settlement are keyed by delivery, never by message id: duplicates of one id
 *   are normal. If `settle` is `accepted` and a stored message (`providerId`) that the core has in hand is
 *   delivered again, the core takes the second delivery for another lease of it, and settles it by the new
 *   handle. A handle is bound to its link: without that link it yields `LEASE_LOST` locally, and is never
 *   sent on a new one.
 * - **D6 A lost lease is an outcome** (`ok: false`, classified as `LEASE_LOST`), not a throw. A lease that
 *   ends with its session or connection is reported through `events.leasesLost` within a second.
 * - **D7 `sizeOf` never under-counts** and is exact within 10 % of the limit. The size of a batch is the sum
 *   plus `overheadBytes`.
 * - **D8 Ownership.** Adapters opened with equal connection settings share one counted client, which the last
 *   `close()` ends. A client given by the caller is left open. `close()` is idempotent and leaves nothing
 *   that keeps the process alive.
 * - **D9 Errors are classified by tables** whose rows name their source. A known vendor error classified as
 *   `INTERNAL` is a defect.
 * - **D10 Foreign messages** (sent with another SDK) are delivered with all that they carry; a foreign
 *   consumer can read ours; a copy (dead letter, clone) loses nothing.
 * - **D11 Secrets** never reach an error, an event, a target or a log.
 * - **D12 Provisioning is outside the drivers**: `AdminDriver` behind the portable `QueueAdmin`.
 * - **D13 Order of opening**: `resolve` (no I/O) → `probe` (rights may be missing: facts unknown, never
 *   fatal) → `open` (`NOT_FOUND`, `ACCESS_DENIED`, `UNAUTHENTICATED` are fatal here, within 5 s) → asks.
 * - **D14 `leaseMs`** is the time left when `receiveBatch` resolves. It is measured on the monotonic clock,
 *   minus the buffering time; never as server time minus wall clock if the lease length is known.
 * - **D15 After a release on a key** the core dispatches none of its buffered followers; `followers` says
 *   what happens to them. Once `releaseBatch` has answered, a driver that declares `drop` hands over no
 *   message of the key that the service will hand over again after the released one.
 */
import type { ErrorCode } from "../errors/error-codes.ts";
import type { AdminDriver } from "./admin-driver.ts";
import type { Delivery, OutgoingMessage } from "./delivery.ts";
import type { EntityRef, ProbeResult, Target } from "./entity.ts";

/** The operation during which a vendor error occurred. */
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

/** The result of one item of a batch. `error` is the vendor's value, read only by `classify`. */
export type ItemResult<T = undefined> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** How an adapter classifies a vendor error. */
export interface ErrorClass {
  /** The code of anyqueue for this error. */
  readonly code: ErrorCode;
  /** True: the same call may succeed later. */
  readonly retryable: boolean;
  /** True: the operation may have taken effect. @default false */
  readonly ambiguous?: boolean;
  /** Milliseconds that the service asks to wait; the core waits five minutes at most. @default not told */
  readonly retryAfterMs?: number;
  /** Of MESSAGE_TOO_LARGE: the largest message that the service takes, in bytes. @default not told */
  readonly limitBytes?: number | undefined;
  /** What to do, if more is known than the code's remedy says. @default the code's remedy */
  readonly remedy?: string;
  /** The vendor's own code, for logs and dashboards. */
  readonly providerCode?: string;
  /** The service's id of the request. */
  readonly requestId?: string;
}

/** How many deliveries a consumer wants to have in hand. */
export interface Flow {
  /** The most deliveries that may be outstanding (rule D1); 0: stopped. */
  readonly maxOutstanding: number;
  /** Ordering keys wanted at once, if the service hands over key by key (sessions). */
  readonly lanes: number;
}

/** What a consumer driver reports on its own, at any time. The functions never throw. */
export interface ConsumerEvents<Handle> {
  /** Reports lost leases: those of these deliveries, of one `leaseKey`, or all (rule D6). */
  leasesLost(
    lost: { readonly handles: readonly Handle[] } | { readonly leaseKey: string } | "all",
    error: unknown,
  ): void;
  /** Reports a background failure, such as an ended stream or a detached link. The driver recovers itself. */
  fault(error: unknown): void;
}

/** What a consumer driver is opened with. */
export interface ConsumerDriverOptions<Handle> {
  /** `stream`: asks follow each other until the close; `pull`: only when the application calls `receive`. */
  readonly mode: "stream" | "pull";
  /** The wanted lease, in milliseconds; used if `leaseSetBy` is `consumer`. */
  readonly leaseMs: number;
  /** The flow at the start; `setFlow` changes it. */
  readonly flow: Flow;
  /** Where to report what happens in the background. */
  readonly events: ConsumerEvents<Handle>;
}

/** One connection. `Handle` is what the adapter needs to settle a delivery; only the adapter reads it. */
export interface QueueAdapter<Handle = unknown> {
  /** Name of the provider: `"sqs"`. */
  readonly name: string;
  /**
   * Applies the provider's naming rules, and returns what is known of the entity's abilities without I/O.
   * Pure.
   * @throws INVALID_ARGUMENT for an illegal name, UNSUPPORTED for a kind of entity that the provider lacks
   */
  resolve(ref: EntityRef): Target;
  /** Asks the service what the entity can do and how it is set up. Absent: nothing more can be learned. */
  probe?(target: Target, signal: AbortSignal): Promise<ProbeResult>;
  /**
   * Makes a producer of a target, without I/O. A producer for a `"redrive"` sends messages again that only
   * `target` may get: its `open` rejects with UNSUPPORTED if others would get them too, and duplicate
   * detection must not take them for duplicates.
   * @throws UNSUPPORTED if nobody can send to it
   */
  openProducer(target: Target, purpose?: SendPurpose): ProducerDriver;
  /** Makes a consumer of a target, without I/O. @throws UNSUPPORTED if nobody can receive from it */
  openConsumer(target: Target, options: ConsumerDriverOptions<Handle>): ConsumerDriver<Handle>;
  /** Classifies a vendor error (rule D9). Pure; accepts any thrown value. */
  classify(error: unknown, during: Operation): ErrorClass;
  /** Loads the administration when it is first needed. Absent: there is none. */
  admin?(): Promise<AdminDriver>;
  /** Ends the use of the connection; idempotent (rule D8). */
  close(): Promise<void>;
}

/** The purpose of a producer: the application's messages, or dead letters sent back. @default "send" */
export type SendPurpose = "send" | "redrive";

/** The confirmation of one message. */
export interface SendReceipt {
  /** The provider's id of the stored message. */
  readonly providerId?: string;
  /** True if the service says that the message was a duplicate and was not stored. */
  readonly duplicate?: boolean;
  /** The token by which `cancelBatch` cancels a message that is not due yet. */
  readonly cancelToken?: string;
}

/** Sends to one target. */
export interface ProducerDriver {
  /** Resolves when messages can be sent, else rejects (rule D13). Idempotent. */
  open?(signal: AbortSignal): Promise<void>;
  /**
   * True: the driver sends text as text, and reads `body` only if the message has no `text`. The core then
   * saves encoding the text as bytes.
   * @default false
   */
  readonly takesText?: boolean;
  /** Returns the bytes of a message as the vendor counts them, attributes included (rule D7). Pure. */
  sizeOf(message: OutgoingMessage): number;
  /** Sends messages; one result for each, in their order (rule D2). */
  sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]>;
  /** Cancels messages that are not due yet. Exists if and only if the target has `cancel`. */
  cancelBatch?(tokens: readonly string[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  /** Closes the producer; idempotent. May wait for requests on their way. */
  close(): Promise<void>;
}

/** One request for deliveries. */
export interface ReceiveAsk {
  /** The most deliveries to return, from 1 to `limits.receive.maxItems`. */
  readonly maxItems: number;
  /** How long to wait for the first, in milliseconds, from 0 to `limits.receive.maxWaitMs`. */
  readonly waitMs: number;
}

/** One delivery to give back. */
export interface ReleaseItem<Handle> {
  /** The handle of the delivery. */
  readonly handle: Handle;
  /** Time until it is visible again, in milliseconds; 0: now. Within the target's `releaseDelay`. */
  readonly delayMs: number;
  /** `retry`: its handler failed. `unstarted`: none began; a service that can tell does not count it. */
  readonly cause: "retry" | "unstarted";
  /** Attributes to add to the stored message, if the service can do that. */
  readonly note?: Readonly<Record<string, string>>;
}

/** One lease to extend. */
export interface ExtendItem<Handle> {
  /** The handle of the delivery. */
  readonly handle: Handle;
  /** How long the lease should last from now on, in milliseconds. */
  readonly leaseMs: number;
}

/** One delivery to move to the dead letters. */
export interface DeadLetterItem<Handle> {
  /** The handle of the delivery. */
  readonly handle: Handle;
  /** Why, in one word or sentence. */
  readonly reason: string;
  /** Name and message of the error that caused it. */
  readonly description?: string;
  /** The core's `aq-` attributes of the dead letter. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Receives from one target and settles what it handed over. */
export interface ConsumerDriver<Handle> {
  /** Resolves when deliveries can be received, else rejects (rule D13). */
  open?(signal: AbortSignal): Promise<void>;
  /** Changes the flow. Required if the broker pushes: it passes on pauses and changes of concurrency. */
  setFlow?(flow: Flow, signal: AbortSignal): Promise<void>;
  /** Takes deliveries, as soon as there is one (rule D1). */
  receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<Handle>[]>;
  /** Removes handled messages; one result for each, in their order. */
  ackBatch(handles: readonly Handle[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  /** Gives deliveries back; one result for each, in their order. */
  releaseBatch(items: readonly ReleaseItem<Handle>[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  /** Extends leases; each result has the new length. Exists if and only if the lease is timed or shared. */
  extendBatch?(
    items: readonly ExtendItem<Handle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]>;
  /** Dead-letters deliveries, in one operation each. Exists if and only if `deadLetter` is `native`. */
  deadLetterBatch?(
    items: readonly DeadLetterItem<Handle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]>;
  /** Looks at messages without a lease. Exists if and only if the target has `peek`. */
  peekBatch?(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<never>[]>;
  /** Closes the consumer; idempotent. Gives back the deliveries it has not handed over (rule D1). */
  close(): Promise<void>;
}
