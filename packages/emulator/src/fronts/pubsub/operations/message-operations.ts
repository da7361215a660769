import { isAckId } from "../engine/ack-id.ts";
import { pullMessages } from "../engine/pull-messages.ts";
import { detachedError, type Subscription } from "../engine/subscription.ts";
import type { PubsubRequests } from "../grpc/pubsub-wire.ts";
import { toReceivedMessage } from "../grpc/received-message.ts";
import { failedPrecondition, invalidArgument, PubsubError } from "../pubsub-error.ts";
import { PUBSUB_MAX_ACK_DEADLINE_SECONDS, PUBSUB_MAX_ACK_REQUEST_BYTES } from "../pubsub-limits.ts";
import type { Operation, OperationContext } from "./operation.ts";

export const pull: Operation<PubsubRequests["Pull"]> = async (request, { engine, cancelled, wireTime }) => {
  if (request.maxMessages <= 0) {
    throw invalidArgument(
      `The value for max_messages must be greater than 0. You passed ${request.maxMessages}.`,
    );
  }
  const subscription = engine.subscriptions.get(request.subscription);
  checkPullable(subscription);
  const deliveries = await pullMessages(subscription, engine.clock, request, cancelled);
  return { receivedMessages: deliveries.map((delivery) => toReceivedMessage(delivery, wireTime)) };
};

export const acknowledge: Operation<PubsubRequests["Acknowledge"]> = (request, context) => {
  const subscription = context.engine.subscriptions.get(request.subscription);
  settle(subscription, request.ackIds, context, (ackIds) => subscription.acknowledge(ackIds).invalid);
  return {};
};

export const modifyAckDeadline: Operation<PubsubRequests["ModifyAckDeadline"]> = (request, context) => {
  const subscription = context.engine.subscriptions.get(request.subscription);
  const deadlineMs = readDeadlineMs(request.ackDeadlineSeconds);
  settle(
    subscription,
    request.ackIds,
    context,
    (ackIds) => subscription.modifyAckDeadline(ackIds, deadlineMs).invalid,
  );
  return {};
};

/** Throws if messages cannot be pulled from the subscription. */
export function checkPullable(subscription: Subscription): void {
  if (subscription.resource.detached) throw detachedError(subscription.name);
  if (subscription.isPush) throw pushError();
}

/** Refuses a pull, or ends one that was under way when the subscription became a push subscription. */
export function pushError(): PubsubError {
  return failedPrecondition("This method is not supported for push subscriptions.");
}

/** Deadline of a ModifyAckDeadline in milliseconds; 0 means nack. */
export function readDeadlineMs(seconds: number): number {
  if (seconds >= 0 && seconds <= PUBSUB_MAX_ACK_DEADLINE_SECONDS) return seconds * 1000;
  throw invalidArgument(
    `Invalid ack deadline given: (ackDeadlineSeconds=${seconds}). It must be between 0 and ${PUBSUB_MAX_ACK_DEADLINE_SECONDS} seconds.`,
  );
}

export const INVALID_ACK_ID = "PERMANENT_FAILURE_INVALID_ACK_ID";

/**
 * Settles all ack ids that it can. Only an exactly-once subscription reports the others. Elsewhere an expired
 * one is silently ignored.
 */
function settle(
  subscription: Subscription,
  ackIds: readonly string[],
  { ackFault }: OperationContext,
  apply: (ackIds: readonly string[]) => readonly string[],
): void {
  const isConfirmed = subscription.resource.enableExactlyOnceDelivery;
  checkAckIds(ackIds, isConfirmed);
  const failures = new Map<string, string>();
  const good = ackIds.filter((ackId, index) => {
    const code = ackFault(index);
    if (code !== undefined) failures.set(ackId, code);
    return code === undefined;
  });
  const invalid = apply(good);
  if (isConfirmed) for (const ackId of invalid) failures.set(ackId, INVALID_ACK_ID);
  if (failures.size > 0) throw exactlyOnceError(failures);
}

function checkAckIds(ackIds: readonly string[], isConfirmed: boolean): void {
  if (ackIds.length === 0) throw invalidArgument("No ack ids specified.");
  const bytes = ackIds.reduce((sum, ackId) => sum + ackId.length, 0);
  if (bytes > PUBSUB_MAX_ACK_REQUEST_BYTES) {
    throw invalidArgument(`Request payload size exceeds the limit: ${PUBSUB_MAX_ACK_REQUEST_BYTES} bytes.`);
  }
  const malformed = isConfirmed ? undefined : ackIds.find((ackId) => !isAckId(ackId));
  if (malformed !== undefined) throw malformedAckIdError(malformed);
}

export function malformedAckIdError(ackId: string): PubsubError {
  return invalidArgument(`You have passed an invalid ack ID to the service (ack_id=${ackId}).`);
}

/** Reports why each ack id was not settled. Only clients of exactly-once delivery read this. */
export function exactlyOnceError(failures: ReadonlyMap<string, string>): PubsubError {
  return new PubsubError(
    "INVALID_ARGUMENT",
    "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.",
    { reason: "EXACTLY_ONCE_ACKID_FAILURE", metadata: Object.fromEntries(failures) },
  );
}
