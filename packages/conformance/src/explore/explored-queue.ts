import { defineQueue, type QueueDefinition, type StandardSchemaV1 } from "@anyqueue/core";
import type { Schedule } from "./schedule.ts";

/** The body of the messages of a run. */
export interface ExploredBody {
  readonly id: string;
  readonly key: string;
  /** True: no consumer can decode it. */
  readonly poison?: boolean;
}

/** The one queue of a run. */
export const EXPLORED_QUEUE = "explored";

/** The definition that a schedule asks for, as consumers use it. */
export function exploredQueue(schedule: Schedule): QueueDefinition<ExploredBody> {
  return queueWith(schedule, READABLE_BODY);
}

/** The same for a producer, which also sends what consumers refuse. */
export function sentQueue(schedule: Schedule): QueueDefinition<ExploredBody> {
  return queueWith(schedule, ANY_BODY);
}

type BodySchema = StandardSchemaV1<ExploredBody, ExploredBody>;

function queueWith(
  { ordered, attempts, leaseMs, features }: Schedule,
  schema: BodySchema,
): QueueDefinition<ExploredBody> {
  const retry = { attempts, delay: "500ms" } as const;
  const policy = { schema, retry, lease: `${leaseMs}ms`, ...features } as const;
  return ordered
    ? defineQueue(EXPLORED_QUEUE, { ...policy, orderingKey: ({ key }: ExploredBody) => key })
    : defineQueue(EXPLORED_QUEUE, policy);
}

/** The queue contains only what the run itself has sent. */
const ANY_BODY: BodySchema = schemaOf((value) => ({ value: value as ExploredBody }));

const READABLE_BODY: BodySchema = schemaOf((value) => {
  const body = value as ExploredBody;
  return body.poison === true ? { issues: [{ message: "it is poison" }] } : { value: body };
});

function schemaOf(validate: BodySchema["~standard"]["validate"]): BodySchema {
  return { "~standard": { version: 1, vendor: "anyqueue", validate } };
}
