import type { QueueAdapter } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { EventSink } from "../telemetry/events.ts";
import type { Clock } from "../time/clock.ts";

/** Which ambiguous failures of a send are retried. `ifDeduplicated` duplicates nothing. */
export type RetryAmbiguous = "never" | "ifDeduplicated" | "always";

/** Everything that a producer is made from, resolved once by the client. */
export interface ProducerSetup {
  readonly details: DefinitionDetails;
  readonly adapter: QueueAdapter;
  readonly target: Target;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly middleware: readonly Middleware[];
  /** @default "ifDeduplicated" */
  readonly retryAmbiguous: RetryAmbiguous;
  readonly sendTimeoutMs: number;
  readonly maxBufferedBytes: number;
  /** True: the sender checks every body again (memory); false: the first, and those that JSON may change. */
  readonly checkEveryBody: boolean;
}
