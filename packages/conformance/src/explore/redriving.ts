import { createClient, isQueueError, type QueueDefinition } from "@anyqueue/core";
import type { Clock, Provider } from "@anyqueue/core/adapter";
import type { FaultPlan } from "../fault-plan.ts";
import { faulty } from "../faulty.ts";
import type { HistorySink } from "../history/history-writer.ts";
import { recordingRedrives } from "../history/recording-redrive.ts";
import type { Broker } from "./explore-seed.ts";
import type { ExploredBody } from "./explored-queue.ts";
import { Life, type Death } from "./life.ts";

/** What of the dead letters is moved back. */
export interface Redriving {
  /** At most this many. @default all */
  readonly max?: number;
  /** True: only every other message. @default false */
  readonly isFiltered?: boolean;
  /** When the process that moves them dies. @default it does not */
  readonly diesAt?: Death;
}

/** Longer than a redrive holds what it could not give back, in milliseconds. */
export const REDRIVE_LEASE_MS = 600_000;

interface RedriveParts {
  readonly definition: QueueDefinition<ExploredBody>;
  readonly broker: Broker;
  /** The faults of a run, which strike a redrive as well. */
  readonly plan: FaultPlan;
  readonly clock: Clock;
  readonly proc: string;
  readonly sink: HistorySink;
  readonly kill: (life: Life) => void;
}

/** Moves dead letters back in a process of its own, until that ends or dies. Rejects as `redrive` does. */
export async function redriveSome(redriving: Redriving, parts: RedriveParts): Promise<void> {
  const life = new Life(parts.proc);
  const { diesAt } = redriving;
  if (diesAt !== undefined) life.endAt(diesAt, () => parts.kill(life));
  await Promise.race([redrive(redriving, parts, life), life.over]);
}

/** Rejects only if that is not a failure of the service: who redrives would try again. */
async function redrive(
  { max, isFiltered = false, diesAt }: Redriving,
  { definition, broker, plan, clock, sink }: RedriveParts,
  life: Life,
): Promise<void> {
  const { provider, url, service } = broker;
  const failing: Provider = {
    ...provider,
    connect: (target, context) => {
      const adapter = provider.connect(target, context);
      return faulty(diesAt === undefined ? adapter : life.adapter(adapter), plan);
    },
  };
  const client = createClient(url, [recordingRedrives(failing, life.sink(sink), service?.leaseOf)], {
    clock,
  });
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
