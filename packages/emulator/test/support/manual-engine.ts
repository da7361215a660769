import { SqsEngine } from "../../src/fronts/sqs/engine/sqs-engine.ts";
import type { Delivery } from "../../src/fronts/sqs/engine/queue-contract.ts";
import type { SqsQueue } from "../../src/fronts/sqs/engine/sqs-queue.ts";
import type { MessageContent } from "../../src/fronts/sqs/engine/stored-message.ts";
import { md5OfText } from "../../src/fronts/sqs/engine/checksum.ts";
import type { SqsLimits } from "../../src/fronts/sqs/sqs-limits.ts";
import { VirtualClock } from "../../src/time/engine-clock.ts";

export const START_MS = 1_700_000_000_000;

/** A clock that stands still until a test advances it. */
export function manualClock(): VirtualClock {
  return new VirtualClock("manual", { nowMs: () => START_MS, after: () => () => undefined });
}

/** An engine on a manual clock that serves woken long polls at once. */
export interface ManualEngine {
  readonly engine: SqsEngine;
  readonly clock: VirtualClock;
  /** Creates a queue; a name that ends in .fifo makes a FIFO queue. */
  queue(name: string, attributes?: Readonly<Record<string, string>>): SqsQueue;
}

export function manualEngine(limits?: SqsLimits): ManualEngine {
  const clock = manualClock();
  const engine = new SqsEngine({ clock, limits, defer: (task) => task() });
  return {
    engine,
    clock,
    queue(name, attributes = {}) {
      const fifo = name.endsWith(".fifo") ? { FifoQueue: "true" } : {};
      const given = new Map(Object.entries({ ...fifo, ...attributes }));
      return engine.createQueue({ region: "eu-west-1", accountId: "000000000000", name }, given, new Map());
    },
  };
}

export function content(body: string, more: Partial<MessageContent> = {}): MessageContent {
  return {
    body,
    bodyMd5: md5OfText(body),
    attributes: new Map(),
    traceHeader: undefined,
    senderId: "sender",
    groupId: undefined,
    dedupId: undefined,
    ...more,
  };
}

/** Sends to a message group with the body as deduplication id. */
export function sendTo(queue: SqsQueue, groupId: string, body: string): void {
  queue.send(content(body, { groupId, dedupId: body }), 0);
}

export interface ReceiveOverrides {
  readonly max?: number;
  readonly visibilityMs?: number;
  readonly attemptId?: string;
}

export function receive(queue: SqsQueue, overrides: ReceiveOverrides = {}): Delivery[] {
  return queue.receive({
    maxMessages: overrides.max ?? 10,
    visibilityMs: overrides.visibilityMs ?? queue.settings.visibilityTimeoutMs,
    attemptId: overrides.attemptId,
  });
}

export function receiveOne(queue: SqsQueue, overrides: ReceiveOverrides = {}): Delivery {
  const [delivery] = receive(queue, { ...overrides, max: 1 });
  if (delivery === undefined) throw new Error(`Queue ${queue.identity.name} has no message to receive.`);
  return delivery;
}

export function bodiesOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ message }) => message.content.body);
}
