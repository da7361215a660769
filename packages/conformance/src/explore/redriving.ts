import { createClient, isQueueError, type QueueDefinition } from "@anyqueue/core";
import type { Clock, Provider } from "@anyqueue/core/adapter";
import type { FaultPlan } from "../fault-plan.ts";
import { faulty } from "../faulty.ts";
import type { HistorySink } from "../history/history-writer.ts";
import { recordingRedrives } from "../history/recording-redrive.ts";
import type { Broker } from "./explore-seed.ts";
import type { ExploredBody } from "./explored-queue.ts";

/** What of the dead letters is moved back. */
export interface Redriving {
  /** At most this many. @default all */
  readonly max?: number;
  /** True: only every other message. @default false */
  readonly isFiltered?: boolean;
}

/** Longer than a redrive holds what it could not give back, in milliseconds. */
export const REDRIVE_LEASE_MS = 600_000;

interface RedriveParts {
  readonly definition: QueueDefinition<ExploredBody>;
  readonly broker: Broker;
  /** The faults of a run, which strike a redrive as well. */
  readonly plan: FaultPlan;
  readonly clock: Clock;
  readonly sink: HistorySink;
}

/** Moves dead letters back. Rejects only if that is not a failure of the service: who redrives would try again. */
export async function redriveSome(
  { max, isFiltered = false }: Redriving,
  { definition, broker, plan, clock, sink }: RedriveParts,
): Promise<void> {
  const { provider, url } = broker;
  const failing: Provider = {
    ...provider,
    connect: (target, context) => faulty(provider.connect(target, context), plan),
  };
  const client = createClient(url, [recordingRedrives(failing, sink)], { clock });
  try {
    const moves = client.admin.redrive(definition, {
      ...(max !== undefined && { max }),
      ...(isFiltered && { filter: ({ id }) => Number(id.slice("m-".length)) % 2 === 0 }),
    });
    for await (const progress of moves) void progress;
  } catch (error) {
    if (!isQueueError(error)) throw error;
  }
  await client.close();
}
