import { createBatcher } from "../batching/batcher.ts";
import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type { ItemResult, Operation, ProducerDriver, SendReceipt } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import type { Outcome } from "../driver/event-source.ts";
import { queueError, type QueueError } from "../errors/queue-error.ts";
import { isReserved, RESERVED } from "../message/attributes.ts";
import { copyOf } from "../message/copy-of.ts";
import { withoutUndefined } from "../message/without-undefined.ts";
import type { Clock } from "../time/clock.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import { CutOff } from "./cut-off.ts";
import type { ConsumerSettings } from "./resolve-options.ts";
import { alignedResults, isReceipt } from "./results-of-alive.ts";
import { timedRequest } from "./timed-request.ts";

type DeadLetterOutcome = Extract<Outcome, { readonly kind: "dead-letter" }>;

/** How a message gets to the dead letters. */
export type DeadLetterRoute =
  | { readonly kind: "native" }
  | {
      readonly kind: "copy";
      /** Resolves with the error if the copy was not confirmed. Never rejects. */
      readonly send: (
        delivery: Delivery<unknown>,
        outcome: DeadLetterOutcome,
      ) => Promise<QueueError | undefined>;
      readonly close: () => Promise<void>;
    }
  /** `retryMs`: delay before a message that should be dead comes again. Default: the longest back-off. */
  | { readonly kind: "none"; readonly why: string; readonly remedy: string; readonly retryMs?: number };

/** The route of a target that has no dead letters and is to have none. Otherwise undefined. */
export function routeToNowhere(
  { kind }: Pick<DefinitionDetails, "kind">,
  { deadLetter }: Pick<ConsumerSettings, "deadLetter">,
): DeadLetterRoute | undefined {
  const remedy = "Have the handler ack what it gives up.";
  if (kind === "dead-letter") return { kind: "none", why: "a dead letter has nowhere further to go", remedy };
  if (deadLetter === "auto") return undefined;
  const why = 'the definition says deadLetter: "none", so the message stays in its queue';
  return { kind: "none", why, remedy };
}

export interface CopyRouteOptions {
  readonly driver: ProducerDriver;
  readonly target: Target;
  readonly clock: Clock;
  /** Content type of the definition's codec, for foreign messages that carry none. */
  readonly contentType: string;
  readonly toError: (operation: Operation, error: unknown) => QueueError;
}

const SEND_TIMEOUT_MS = 15_000;

/** Dead-letters by sending a copy to the dead-letter queue. The caller acks the original afterwards. */
export function createCopyRoute(options: CopyRouteOptions): DeadLetterRoute {
  const { send, close } = createCopySender(options);
  return {
    kind: "copy",
    send: async (delivery, outcome) => await send(() => deadLetterMessage(delivery, outcome, options)),
    close,
  };
}

/**
 * The copy for a dead-letter queue: the message as it came, with the core's record of why it is dead.
 * @throws MESSAGE_TOO_LARGE if it does not fit, even without its description
 */
export function deadLetterMessage(
  delivery: Delivery<unknown>,
  outcome: Pick<DeadLetterOutcome, "attributes">,
  options: Pick<CopyRouteOptions, "driver" | "target" | "contentType">,
): OutgoingMessage {
  return fittingCopy(deadLetterCopy(delivery, outcome, options.contentType), options);
}

function deadLetterCopy(
  delivery: Delivery<unknown>,
  outcome: Pick<DeadLetterOutcome, "attributes">,
  contentType: string,
): OutgoingMessage {
  return copyOf(delivery, contentType, {
    attributes: { ...withoutTimes(delivery.attributes), ...outcome.attributes },
    // Id of the stored message, not of this delivery: deduplication recognises a second copy after a crash.
    deduplicationId: delivery.providerId,
    ...withoutUndefined({ orderingKey: delivery.orderingKey }),
  });
}

/** Removes the due and expiry times: a dead letter is neither early nor expired. */
function withoutTimes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const kept = { ...attributes };
  delete kept[RESERVED.due];
  delete kept[RESERVED.expires];
  return kept;
}

/** Drops the description if the copy is too large with it. @throws MESSAGE_TOO_LARGE */
function fittingCopy(
  copy: OutgoingMessage,
  { driver, target }: Pick<CopyRouteOptions, "driver" | "target">,
): OutgoingMessage {
  const limitBytes = target.limits.maxMessageBytes;
  if (fits(copy, driver, target)) return copy;
  const attributes = { ...copy.attributes };
  delete attributes[RESERVED.deadDescription];
  const smaller = { ...copy, attributes };
  if (fits(smaller, driver, target)) return smaller;
  throw queueError(
    "MESSAGE_TOO_LARGE",
    {
      what: "the dead letter with its attributes is too large",
      remedy: "Give the queue a native redrive policy, or send smaller messages.",
      target: target.name,
    },
    { sizeBytes: driver.sizeOf(smaller), limitBytes },
  );
}

function fits(copy: OutgoingMessage, driver: ProducerDriver, target: Target): boolean {
  const { limits } = target;
  const userAttributes = Object.keys(copy.attributes).filter((name) => !isReserved(name)).length;
  return userAttributes <= limits.attributes.maxCount && driver.sizeOf(copy) <= limits.maxMessageBytes;
}

/** Sends copies, as many in one request as it takes. `close` waits for none of them. */
export function createCopySender(options: CopyRouteOptions): {
  /** Resolves with the error if the copy could not be made or was not confirmed. Never rejects. */
  readonly send: (copy: () => OutgoingMessage) => Promise<QueueError | undefined>;
  readonly close: () => Promise<void>;
} {
  const { driver, target, clock, toError } = options;
  const cutOff = new CutOff();
  const batcher = createBatcher<OutgoingMessage, SendReceipt>({
    ...target.limits.send,
    sizeOf: (copy) => driver.sizeOf(copy),
    keyOf: (copy) => copy.orderingKey,
    uniformKey: target.capabilities.batchKey === "uniform",
    clock,
    run: async (copies): Promise<readonly ItemResult<SendReceipt>[]> => {
      const call = async (signal: AbortSignal): Promise<readonly ItemResult<SendReceipt>[]> =>
        alignedResults("send", copies.length, await driver.sendBatch(copies, signal), isReceipt);
      return await timedRequest(clock, "send", SEND_TIMEOUT_MS, call, cutOff);
    },
  });
  return {
    send: async (copy) => {
      try {
        const result = await batcher.add(copy());
        return result.ok ? undefined : toError("send", result.error);
      } catch (error) {
        return toError("send", error);
      }
    },
    close: async () => {
      cutOff.end();
      await batcher.close();
      await driver.close();
    },
  };
}
