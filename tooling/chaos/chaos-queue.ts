import {
  DeadLetterError,
  defineQueue,
  type Handler,
  type QueueDefinition,
  type StandardSchemaV1,
} from "@anyqueue/core";
import type { Stage } from "./providers.ts";

/** The body of a message: its identity, and how its handler must behave. */
export interface ChaosBody {
  readonly id: string;
  readonly key: string;
  /** How long its handler takes, milliseconds. */
  readonly takesMs: number;
  /** The number of attempts that fail before one succeeds. */
  readonly failures: number;
  /** True if its handler makes it a dead letter. */
  readonly dead: boolean;
}

/** The one queue of a cell. */
export const QUEUE = "chaos";

/** Far more attempts than any fault costs, so an unexpected dead letter is a finding. */
export const ATTEMPTS = 20;

/** The queue of a cell on its provider. */
export function chaosQueue({ ordered, leaseMs }: Stage): QueueDefinition<ChaosBody, ChaosBody> {
  const policy = {
    schema: ANY_BODY,
    retry: { attempts: ATTEMPTS, delay: "200ms" },
    lease: `${leaseMs}ms`,
  } as const;
  return ordered
    ? defineQueue(QUEUE, { ...policy, orderingKey: ({ key }: ChaosBody) => key })
    : defineQueue(QUEUE, policy);
}

/** Accepts any body, because the queue holds only what the cell itself has sent. */
const ANY_BODY: StandardSchemaV1<ChaosBody, ChaosBody> = {
  "~standard": { version: 1, vendor: "anyqueue", validate: (value) => ({ value: value as ChaosBody }) },
};

/** Behaves as the message tells it to. */
export const chaosHandler: Handler<ChaosBody> = async ({ body }, { attempt, signal }) => {
  await passTime(body.takesMs, signal);
  signal.throwIfAborted();
  if (attempt <= body.failures) throw new Error("the message says that this attempt fails");
  if (body.dead) throw new DeadLetterError("the message says that it is to be given up");
};

/** Resolves after some time, or as soon as the signal aborts. */
async function passTime(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
