import type { QueueAdapter } from "../driver/driver.ts";
import type { EntityFacts, Target } from "../driver/entity.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { ConsumerOptions, Logger } from "../queue-consumer.ts";
import type { EventSink } from "../telemetry/events.ts";
import type { Clock } from "../time/clock.ts";

/** All that a consumer is made from. */
export interface ConsumerSetup {
  readonly details: DefinitionDetails;
  readonly adapter: QueueAdapter;
  readonly target: Target;
  /** Finds the real entity where names depend on the broker (dead letters behind a redrive policy); called once at start. */
  readonly locate?: (signal: AbortSignal) => Promise<Target>;
  /** Where dead letters go if the driver has no native operation. Undefined: the definition says `deadLetter: "none"`. */
  readonly deadLetterTarget?: (facts: EntityFacts | undefined) => Target;
  /** As the application gave them; the configuration's already merged underneath. */
  readonly options: ConsumerOptions;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly middleware: readonly Middleware[];
  readonly logger: Logger;
  /** Called when `run`, `runBatch` or `receive` begins to use the connection. @throws CLOSED after the client's `close()` */
  readonly onOpened?: (() => void) | undefined;
  /** Called when `close()` ended, so that the client forgets the consumer until it is opened again. */
  readonly onClosed?: (() => void) | undefined;
  /** In [0, 1), for jitter. @default the one of the clock */
  readonly random?: (() => number) | undefined;
}
