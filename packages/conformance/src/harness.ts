import type { ClientOptions, QueueClient } from "@anyqueue/core";
import type { Clock, Feature, Provider } from "@anyqueue/core/adapter";

/**
 * What an adapter's author writes to have the suite run: how to reach a broker and how to make queues on it.
 * Faults, call logs, clients and clocks are the suite's own business: it wraps the provider that it is given.
 */
export interface Harness {
  /** The column of the matrix: `"memory"`, `"sqs-standard"`. */
  readonly name: string;
  /** Called once per run. */
  open(): Promise<Backend>;
}

/** One reachable broker. */
export interface Backend {
  /** Connection URL for `createClient`. */
  readonly url: string;
  /** A provider for one client; the suite asks for one per client. All reach the same entities. */
  provider(): Provider;
  /** How time passes there. */
  readonly time: BackendTime;
  /** Shortest lease that a queue of this backend can have; cases use small multiples of it. Milliseconds. */
  readonly leaseMs: number;
  /** Allowance for what comes early or late by the service's own rounding. Milliseconds. */
  readonly toleranceMs: number;
  /**
   * Features that every definition of this target needs: a FIFO target lists `ordering` and `deduplication`.
   * The suite then gives every message an ordering key, a different one unless the case is about order.
   */
  readonly features: readonly Feature[];
  /**
   * Makes one queue with its dead-letter queue; resolves when both can be used.
   * A queue that nobody created must be missing (`NOT_FOUND`), so nothing may be created on first use.
   */
  createQueue(request: QueueRequest): Promise<CreatedQueue>;
  /** A vendor SDK next to us, without anyqueue. */
  readonly foreign?: ForeignPeer | undefined;
  /** Deletes what was made, ends what was started. */
  close(): Promise<void>;
  /** Hooks that this backend cannot have, each with its reason; cases that need one are reported as not applicable. */
  readonly absent?:
    | { readonly foreign?: string; readonly missing?: string; readonly denied?: string }
    | undefined;
  /**
   * For event sources: gives a client whose consumers' `run` has a function called with events, as its platform would.
   * Everything else is the client's own. With it only cases about what a handler does mean anything: see `only`.
   */
  readonly hostFunctions?: ((client: QueueClient, host: FunctionHost) => QueueClient) | undefined;
  /** A provider whose credentials may not do anything, with the code that its calls must end with. */
  readonly denied?: DeniedAccess | undefined;
}

/** What the functions of one client get. */
export interface FunctionHost extends Pick<ClientOptions, "listener" | "middleware"> {
  /** The client's clock. */
  readonly clock: Clock;
  /** By the name of the definition. */
  readonly queues: ReadonlyMap<string, CreatedQueue>;
}

/**
 * How time passes.
 * - `virtual`: broker and clients share a clock that stands still until it is advanced (memory: `createVirtualClock`).
 * - `remote`: the broker's clock runs by itself and can be advanced (the emulator); the suite gives clients a clock
 *   that runs by itself too, and advances both together. `advance` resolves with how many calls the broker has seen so
 *   far, if it knows: while clients are at work time hardly moves, however slow the machine is.
 * - `real`: a service; the suite waits.
 */
export type BackendTime =
  | { readonly kind: "virtual"; readonly clock: Clock; advance(ms: number): Promise<void> }
  | { readonly kind: "remote"; advance(ms: number): Promise<number | undefined> }
  | { readonly kind: "real" };

/** A queue that the suite wants to have. */
export interface QueueRequest {
  /** Unique in the run; lower case letters, digits and dashes, at most 40 characters. */
  readonly name: string;
  /** True: keyed messages keep their order. Always true where `features` has `ordering`. */
  readonly ordered: boolean;
  /** True: a second send with the same deduplication id must store nothing. */
  readonly deduplicated: boolean;
  /** The entity's own lease, where entities have one. */
  readonly leaseMs: number;
  /** False: no dead-letter queue at all. */
  readonly deadLetter: boolean;
  /** Deliveries after which the service itself dead-letters; absent: as late as the service allows, or never. */
  readonly maxDeliveries?: number;
}

/** The entities' own names at the provider; the suite configures them as exact names. */
export interface CreatedQueue {
  /** The queue's. */
  readonly entity: string;
  /** Absent where the service keeps dead letters inside the queue. */
  readonly deadLetterEntity?: string | undefined;
}

/** A message as somebody else's SDK has received it. */
export interface ForeignMessage {
  /** The bytes of its body. */
  readonly body: Uint8Array;
  /** As the vendor SDK shows them; ours and the reserved ones. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Somebody who uses the vendor's SDK without anyqueue. */
export interface ForeignPeer {
  /** True: the service's attributes are texts and nothing else. */
  readonly writesNumbersAsText?: true | undefined;
  /** Sends text with string attributes and, in `numbers`, attributes of the vendor's own number type. */
  send(
    entity: string,
    message: {
      readonly text: string;
      readonly attributes: Readonly<Record<string, string>>;
      readonly numbers?: Readonly<Record<string, number>>;
      readonly orderingKey?: string;
    },
  ): Promise<void>;
  /** Takes and removes up to `max` messages; waits for the first. */
  receive(entity: string, max: number): Promise<readonly ForeignMessage[]>;
}

/** A way to the broker that is allowed nothing. */
export interface DeniedAccess {
  /** A provider with those credentials, for one client. */
  provider(): Provider;
  /** Connection URL for `createClient`. */
  readonly url: string;
  /** The code that its calls must end with. */
  readonly code: "UNAUTHENTICATED" | "ACCESS_DENIED";
}

/** A case that is known to fail on one harness. One that passes, or an unknown id, fails the run. */
export interface KnownGap {
  /** Of the case: `"SETL-06"`. */
  readonly id: string;
  /** Why it fails, one sentence. */
  readonly reason: string;
  /** URL or number of the issue that tracks it. */
  readonly issue: string;
}
