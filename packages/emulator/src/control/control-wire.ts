import type { Emulator, EmulatorEndpoints } from "../emulator.ts";
import { EmulatorError, type EmulatorErrorCode } from "../emulator-error.ts";
import type { EntitySnapshot } from "../fronts/service-bus/entity-snapshot.ts";
import type { SubscriptionSnapshot, TopicSnapshot } from "../fronts/pubsub/subscription-snapshot.ts";
import type { MappingSnapshot } from "../fronts/sqs/mappings/event-source-mapping.ts";
import type { QueueSnapshot } from "../fronts/sqs/queue-snapshot.ts";
import type { CallLogEntry } from "../log/call-log.ts";
import type { HandOut } from "../log/hand-out-log.ts";

/** All members that answers of the control API can have. Each route fills its own. */
export interface ControlAnswer {
  readonly endpoints: EmulatorEndpoints;
  readonly now: number;
  readonly fired: number;
  readonly calls: number;
  readonly id: string;
  readonly entries: readonly CallLogEntry[];
  readonly count: number;
  readonly handOuts: readonly HandOut[];
  readonly queues: readonly QueueSnapshot[];
  readonly mapping: MappingSnapshot;
  readonly mappings: readonly MappingSnapshot[];
  readonly entities: readonly EntitySnapshot[];
  readonly certificateAuthority: string;
  readonly topics: readonly TopicSnapshot[];
  readonly subscriptions: readonly SubscriptionSnapshot[];
  readonly token: string;
}

/** Both ends are the same version of this package, so the shape is trusted and only success is checked. */
export async function readControlAnswer(response: Response, what: string): Promise<ControlAnswer> {
  const body = (await response.json()) as ControlAnswer & { readonly error?: { readonly message: string } };
  if (response.ok) return body;
  throw new EmulatorError(
    "CONTROL_FAILED",
    `${what} was refused: ${body.error?.message ?? response.statusText}`,
  );
}

type Greeting = Pick<Emulator, "endpoints" | "environment">;
type Refusal = { readonly error: { readonly code: EmulatorErrorCode; readonly message: string } };

/** Reads the first line that a spawned emulator prints: where it listens, or why it does not. */
export function readChildGreeting(line: string): Greeting {
  const greeting = JSON.parse(line) as Greeting | Refusal;
  if ("error" in greeting) throw new EmulatorError(greeting.error.code, greeting.error.message);
  return greeting;
}
