import type { ClientOptions, QueueClient } from "@anyqueue/core";
import type { Clock, Feature, Provider } from "@anyqueue/core/adapter";

/**
 * What the author of an adapter writes to run the suite: how to reach a broker and create queues on it.
 * The suite itself provides faults, call logs, clients and clocks: it wraps the given provider.
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
  /** Makes a provider for one client. The suite asks for one per client; all reach the same entities. */
  provider(): Provider;
  /** How time passes at the broker. */
  readonly time: BackendTime;
  /** Shortest lease of a queue on this backend, in milliseconds; cases use small multiples of it. */
  readonly leaseMs: number;
  /** Allowance for the service's own rounding of times, in milliseconds. */
  readonly toleranceMs: number;
  /**
   * Features that every definition of this target needs: a FIFO target lists `ordering` and `deduplication`.
   * The suite then gives every message an ordering key, a different one unless the case is about order.
   */
  readonly features: readonly Feature[];
  /**
   * Creates one queue with its dead-letter queue; resolves when both can be used.
   * A queue that nobody created must be missing (`NOT_FOUND`), so first use must not create anything.
   */
  createQueue(request: QueueRequest): Promise<CreatedQueue>;
  /** A user of the vendor's SDK without anyqueue. */
  readonly foreign?: ForeignPeer | undefined;
  /** Deletes what was created and ends what was started. */
  close(): Promise<void>;
  /** Reasons for hooks that this backend cannot have. Cases that need one count as not applicable. */
  readonly absent?:
    | { readonly foreign?: string; readonly missing?: string; readonly denied?: string }
    | undefined;
  /**
   * For event sources: returns a client whose consumers' `run` deploys a function that is called with events,
   * as on its platform. The rest is the client's own. Then only cases about handlers make sense: see `only`.
   */
  readonly hostFunctions?: ((client: QueueClient, host: FunctionHost) => QueueClient) | undefined;
  /** A provider whose credentials allow nothing, with the code that its calls must fail with. */
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
 * - `virtual`: broker and clients share a clock that stands still until advanced (memory:
 *   `createVirtualClock`).
 * - `remote`: the broker's clock runs by itself and can be advanced (the emulator). The suite's clock for
 *   clients runs by itself too; both are advanced together. `advance` resolves with the number of calls that
 *   the broker has seen so far, if known: while clients are at work, time hardly moves, on any machine.
 * - `real`: a service; the suite waits.
 */
export type BackendTime =
  | { readonly kind: "virtual"; readonly clock: Clock; advance(ms: number): Promise<void> }
  | { readonly kind: "remote"; advance(ms: number): Promise<number | undefined> }
  | { readonly kind: "real" };

/** A queue for the suite. */
export interface QueueRequest {
  /** Unique in the run; lower-case letters, digits and dashes, at most 40 characters. */
  readonly name: string;
  /** True: messages with a key keep their order. Always true if `features` has `ordering`. */
  readonly ordered: boolean;
  /** True: a second send with the same deduplication id must store nothing. */
  readonly deduplicated: boolean;
  /** The entity's own lease, if entities have one. */
  readonly leaseMs: number;
  /** False: no dead-letter queue at all. */
  readonly deadLetter: boolean;
  /** Deliveries before the service itself dead-letters; absent: as many as it allows, or unlimited. */
  readonly maxDeliveries?: number;
}

/** The entities' own names at the provider; the suite configures them as exact names. */
export interface CreatedQueue {
  /** The queue's name. */
  readonly entity: string;
  /** Absent if the service keeps dead letters inside the queue. */
  readonly deadLetterEntity?: string | undefined;
}

/** A message as another SDK received it. */
export interface ForeignMessage {
  /** The bytes of its body. */
  readonly body: Uint8Array;
  /** As the vendor SDK shows them, both ours and the reserved ones. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A user of the vendor's SDK without anyqueue. */
export interface ForeignPeer {
  /** True: the service's attributes can only be text. */
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
  /** Receives and removes up to `max` messages; waits for the first. */
  receive(entity: string, max: number): Promise<readonly ForeignMessage[]>;
}

/** Access to the broker without any rights. */
export interface DeniedAccess {
  /** A provider with those credentials, for one client. */
  provider(): Provider;
  /** Connection URL for `createClient`. */
  readonly url: string;
  /** The code with which its calls must fail. */
  readonly code: "UNAUTHENTICATED" | "ACCESS_DENIED";
}

/** A case that is known to fail on one harness. If it passes, or its id is unknown, the run fails. */
export interface KnownGap {
  /** Id of the case: `"SETL-06"`. */
  readonly id: string;
  /** Why it fails, in one sentence. */
  readonly reason: string;
  /** URL or number of the issue that tracks it. */
  readonly issue: string;
}
