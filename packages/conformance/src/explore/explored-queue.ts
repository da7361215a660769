import { defineQueue, type QueueDefinition, type StandardSchemaV1 } from "@anyqueue/core";
import type { Schedule } from "./schedule.ts";

/** What the messages of a run say. */
export interface ExploredBody {
  readonly id: string;
  readonly key: string;
}

/** The one queue of a run. */
export const EXPLORED_QUEUE = "explored";

/** The definition that a schedule asks for. */
export function exploredQueue({ ordered, attempts, leaseMs }: Schedule): QueueDefinition<ExploredBody> {
  const policy = { schema: ANY_BODY, retry: { attempts, delay: "500ms" }, lease: `${leaseMs}ms` } as const;
  return ordered
    ? defineQueue(EXPLORED_QUEUE, { ...policy, orderingKey: ({ key }: ExploredBody) => key })
    : defineQueue(EXPLORED_QUEUE, policy);
}

/** Only what the run itself has sent is in its queue. */
const ANY_BODY: StandardSchemaV1<ExploredBody, ExploredBody> = {
  "~standard": { version: 1, vendor: "anyqueue", validate: (value) => ({ value: value as ExploredBody }) },
};
