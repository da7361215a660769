import type { QueueAdapter } from "../driver/driver.ts";
import type { EntityFacts, Target } from "../driver/entity.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { ConsumerOptions, DrainReport, Logger } from "../queue-consumer.ts";
import type { EventSink } from "../telemetry/events.ts";
import type { Clock } from "../time/clock.ts";

/** Everything that a consumer is made from. */
export interface ConsumerSetup {
  readonly details: DefinitionDetails;
  readonly adapter: QueueAdapter;
  readonly target: Target;
  /** Called once, at start: finds the entity if the broker decides its name (redriven dead letters). */
  readonly locate?: (signal: AbortSignal) => Promise<Target>;
  /** Target of dead letters if the driver cannot dead-letter. Undefined: `deadLetter: "none"` is defined. */
  readonly deadLetterTarget?: (facts: EntityFacts | undefined) => Target;
  /** The application's options, already merged over those of the configuration. */
  readonly options: ConsumerOptions;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly middleware: readonly Middleware[];
  readonly logger: Logger;
  /** Called as `run`, `runBatch` or a first `receive` begins. @throws CLOSED after the client's `close()` */
  readonly onOpened?: (() => void) | undefined;
  /** Called once it has closed or failed, so that the client forgets the consumer until it is opened again. */
  readonly onClosed?: ((report: DrainReport) => void) | undefined;
  /** Returns numbers in [0, 1), for jitter. @default that of the clock */
  readonly random?: (() => number) | undefined;
}
