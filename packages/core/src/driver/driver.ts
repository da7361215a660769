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

/** What an adapter makes of a vendor error. */
export interface ErrorClass {
  /** Which error it is, in anyqueue's words. */
  readonly code: ErrorCode;
  /** True: the same call may succeed later. */
  readonly retryable: boolean;
  /** True: the operation may have taken effect. @default false */
  readonly ambiguous?: boolean;
  /** When the service wants to be asked again, in milliseconds; the core waits five minutes at most. @default not told */
  readonly retryAfterMs?: number;
  /** What to do, where more is known than the code's own remedy says. @default that */
  readonly remedy?: string;
  /** The vendor's own code, for logs and dashboards. */
  readonly providerCode?: string;
  /** The service's id of the request. */
  readonly requestId?: string;
}

/** How much a consumer wants to have in hand. */
export interface Flow {
  /** Deliveries that may be outstanding (rule D1); 0: stopped. */
  readonly maxOutstanding: number;
  /** Ordering keys wanted at once, where the service hands over key by key (sessions). */
  readonly lanes: number;
}

/** What a consumer driver reports by itself: at any time, also between asks. Its functions never throw. */
export interface ConsumerEvents<Handle> {
  /** Leases are lost: those of these deliveries, of one `leaseKey`, or all (rule D6). */
  leasesLost(
    lost: { readonly handles: readonly Handle[] } | { readonly leaseKey: string } | "all",
    error: unknown,
  ): void;
  /** Something failed in the background: a stream ended, a link was detached. The driver goes on by itself. */
  fault(error: unknown): void;
}

/** What a consumer driver is opened with. */
export interface ConsumerDriverOptions<Handle> {
  /** `stream`: asks follow each other until it closes; `pull`: only when the application calls `receive`. */
  readonly mode: "stream" | "pull";
  /** The lease that is wanted, in milliseconds; used where `leaseSetBy` is `consumer`. */
  readonly leaseMs: number;
  /** What is wanted to begin with; `setFlow` changes it. */
  readonly flow: Flow;
  /** Where to report what happens in the background. */
  readonly events: ConsumerEvents<Handle>;
}

/** One connection. `Handle` is private to the adapter: what it needs to settle a delivery. */
export interface QueueAdapter<Handle = unknown> {
  /** Name of the provider: `"sqs"`. */
  readonly name: string;
  /**
   * Applies the provider's rules of naming, and says what the entity can do as far as that is known without I/O. Pure.
   * @throws INVALID_ARGUMENT for an illegal name, UNSUPPORTED for a kind of entity that the provider lacks
   */
  resolve(ref: EntityRef): Target;
  /** Looks at the entity: what it can do and how it is set up. Absent: nothing more can be learned. */
  probe?(target: Target, signal: AbortSignal): Promise<ProbeResult>;
  /**
   * Makes the producer of a target; no I/O. A producer for a `"redrive"` sends messages again that only `target` is to get: its
   * `open` rejects with UNSUPPORTED if others would get them too, and no duplicate detection may take them for duplicates.
   * @throws UNSUPPORTED if nobody can send to it
   */
  openProducer(target: Target, purpose?: SendPurpose): ProducerDriver;
  /** Makes a consumer of a target; no I/O. @throws UNSUPPORTED if nobody can receive from it */
  openConsumer(target: Target, options: ConsumerDriverOptions<Handle>): ConsumerDriver<Handle>;
  /** Says what a vendor error means (rule D9). Pure; takes any value that was thrown. */
  classify(error: unknown, during: Operation): ErrorClass;
  /** The administration, loaded when it is first wanted. Absent: there is none. */
  admin?(): Promise<AdminDriver>;
  /** Lets go of the connection, idempotent (rule D8). */
  close(): Promise<void>;
}

/** What a producer is opened for: the application's messages, or dead letters that go back. @default "send" */
export type SendPurpose = "send" | "redrive";

/** The confirmation of one message. */
export interface SendReceipt {
  /** The provider's id of the stored message. */
  readonly providerId?: string;
  /** True where the service says that the message was a duplicate and nothing was stored. */
  readonly duplicate?: boolean;
  /** By which `cancelBatch` cancels a message that is not due yet. */
  readonly cancelToken?: string;
}

/** Sends to one target. */
export interface ProducerDriver {
  /** Resolves when sends can flow; idempotent. Rejects where that cannot be (rule D13). */
  open?(signal: AbortSignal): Promise<void>;
  /**
   * True: it sends text as text, and reads `body` of a message only where it has no `text`: no bytes need be made then.
   * @default false
   */
  readonly takesText?: boolean;
  /** Bytes of a message by the vendor's own counting, attributes included (rule D7); pure. */
  sizeOf(message: OutgoingMessage): number;
  /** Sends messages; one result for each, in their order (rule D2). */
  sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]>;
  /** Cancels messages that are not due yet. Exists if and only if the target has `cancel`. */
  cancelBatch?(tokens: readonly string[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  /** Ends it, idempotent; requests that are out may be waited for. */
  close(): Promise<void>;
}

/** One request for deliveries. */
export interface ReceiveAsk {
  /** How many are wanted at most, from 1 to `limits.receive.maxItems`. */
  readonly maxItems: number;
  /** How long to wait for the first, in milliseconds, from 0 to `limits.receive.maxWaitMs`. */
  readonly waitMs: number;
}

/** One delivery to give back. */
export interface ReleaseItem<Handle> {
  /** The delivery's. */
  readonly handle: Handle;
  /** How long until it is visible again, in milliseconds; 0: now. Within the target's `releaseDelay`. */
  readonly delayMs: number;
  /** `retry`: its handler failed; `unstarted`: none began, and a service that can tell does not count it as a delivery. */
  readonly cause: "retry" | "unstarted";
  /** Attributes to add to the stored message, where the service can. */
  readonly note?: Readonly<Record<string, string>>;
}

/** One lease to lengthen. */
export interface ExtendItem<Handle> {
  /** The delivery's. */
  readonly handle: Handle;
  /** How long it shall last from now on, in milliseconds. */
  readonly leaseMs: number;
}

/** One delivery to move to the dead letters. */
export interface DeadLetterItem<Handle> {
  /** The delivery's. */
  readonly handle: Handle;
  /** Why, in one word or sentence. */
  readonly reason: string;
  /** Name and text of the error behind it. */
  readonly description?: string;
  /** The core's `aq-` attributes of the dead letter. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Receives from one target and settles what it handed over. */
export interface ConsumerDriver<Handle> {
  /** Resolves when deliveries can flow. Rejects where that cannot be (rule D13). */
  open?(signal: AbortSignal): Promise<void>;
  /** Changes how much is wanted. Required of a driver whose broker pushes: pauses and changes of concurrency come by it. */
  setFlow?(flow: Flow, signal: AbortSignal): Promise<void>;
  /** Takes deliveries, as soon as there is one (rule D1). */
  receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<Handle>[]>;
  /** Removes handled messages; one result for each, in their order. */
  ackBatch(handles: readonly Handle[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  /** Gives deliveries back; one result for each, in their order. */
  releaseBatch(items: readonly ReleaseItem<Handle>[], signal: AbortSignal): Promise<readonly ItemResult[]>;
  /** Lengthens leases; each result says how long its lease is now. Exists if and only if the lease is timed or shared. */
  extendBatch?(
    items: readonly ExtendItem<Handle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]>;
  /** Moves deliveries to the dead letters in one operation each. Exists if and only if `deadLetter` is `native`. */
  deadLetterBatch?(
    items: readonly DeadLetterItem<Handle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]>;
  /** Looks at messages without a lease. Exists if and only if the target has `peek`. */
  peekBatch?(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<never>[]>;
  /** Ends it, idempotent; gives back what it holds and nobody was handed (rule D1). */
  close(): Promise<void>;
}
