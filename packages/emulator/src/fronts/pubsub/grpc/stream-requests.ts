import { isAckId } from "../engine/ack-id.ts";
import type { Subscription } from "../engine/subscription.ts";
import { malformedAckIdError, readDeadlineMs } from "../operations/message-operations.ts";
import { invalidArgument } from "../pubsub-error.ts";
import type { AckConfirmation, StreamingPullRequest, StreamingPullResponse } from "./pubsub-wire.ts";

/** Throws if a later request sets a field that only the first request may set. */
export function checkLaterRequest(request: StreamingPullRequest): void {
  const fixed = {
    subscription: request.subscription !== "",
    client_id: request.clientId !== "",
    max_outstanding_messages: request.maxOutstandingMessages !== 0,
    max_outstanding_bytes: request.maxOutstandingBytes !== 0,
    protocol_version: request.protocolVersion !== 0,
  };
  const [field] = Object.entries(fixed).find(([, isSet]) => isSet) ?? [];
  if (field === undefined) return;
  throw invalidArgument(`The ${field} field can only be set on the initial StreamingPullRequest.`);
}

/** Carries out a request's acks and deadline changes. An exactly-once subscription confirms them. */
export function settleOnStream(
  subscription: Subscription,
  request: StreamingPullRequest,
): StreamingPullResponse | undefined {
  const { ackIds, modifyDeadlineAckIds, modifyDeadlineSeconds } = request;
  if (modifyDeadlineAckIds.length !== modifyDeadlineSeconds.length) {
    throw invalidArgument(
      "The sizes of modify_deadline_ack_ids and modify_deadline_seconds must be the same.",
    );
  }
  const malformed = [...ackIds, ...modifyDeadlineAckIds].find((ackId) => !isAckId(ackId));
  if (malformed !== undefined) throw malformedAckIdError(malformed);
  const deadlines = modifyDeadlineSeconds.map((seconds) => readDeadlineMs(seconds));
  if (ackIds.length === 0 && deadlines.length === 0) return undefined;
  const acked = subscription.acknowledge(ackIds);
  const modified = modifyDeadlineAckIds.map((ackId, index) =>
    subscription.modifyAckDeadline([ackId], deadlines[index] ?? 0),
  );
  if (!subscription.resource.enableExactlyOnceDelivery) return undefined;
  const done = modified.flatMap((outcome) => outcome.done);
  const invalid = modified.flatMap((outcome) => outcome.invalid);
  return {
    ...(ackIds.length === 0
      ? {}
      : { acknowledgeConfirmation: { ...confirmation(acked.done, acked.invalid), unorderedAckIds: [] } }),
    ...(deadlines.length === 0 ? {} : { modifyAckDeadlineConfirmation: confirmation(done, invalid) }),
  };
}

function confirmation(ackIds: readonly string[], invalidAckIds: readonly string[]): AckConfirmation {
  return { ackIds, invalidAckIds, temporaryFailedAckIds: [] };
}
