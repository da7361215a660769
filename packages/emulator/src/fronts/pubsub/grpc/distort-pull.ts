import type { Subscription } from "../engine/subscription.ts";
import type { PubsubCallFaults } from "./pubsub-call-faults.ts";
import type { WireReceivedMessage } from "./pubsub-wire.ts";
import type { GrpcParts } from "./unary-call.ts";

/** Applies faults to the messages of a response: shuffles, redates or soon redelivers them. */
export function distortMessages(
  messages: readonly WireReceivedMessage[],
  subscription: Subscription,
  faults: PubsubCallFaults,
  { random, handOuts }: Pick<GrpcParts, "random" | "handOuts">,
): readonly WireReceivedMessage[] {
  const { enableExactlyOnceDelivery, enableMessageOrdering } = subscription.resource;
  if (faults.has("duplicate") && !enableExactlyOnceDelivery) {
    const ackIds = messages.map(({ ackId }) => ackId);
    handOuts.broke(subscription.leasesEndingWith(ackIds));
    subscription.giveBack(ackIds);
  }
  const skewMs = faults.find("clockSkew")?.skewMs;
  const dated = skewMs === undefined ? messages : messages.map((message) => shifted(message, skewMs));
  return faults.has("shuffle") && !enableMessageOrdering ? random.shuffled(dated) : dated;
}

/** Does the same for the response of a Pull. Any other response is returned unchanged. */
export function distortPull(
  request: object,
  response: object,
  faults: PubsubCallFaults,
  parts: GrpcParts,
): object {
  if (!isPullResponse(response) || !("subscription" in request)) return response;
  const subscription = parts.engine.subscriptions.all().find(({ name }) => name === request.subscription);
  if (subscription === undefined) return response;
  return { receivedMessages: distortMessages(response.receivedMessages, subscription, faults, parts) };
}

/** Ack ids of the messages in a Pull response; empty for the response of another call. */
export function ackIdsIn(response: object): readonly string[] {
  return isPullResponse(response) ? response.receivedMessages.map(({ ackId }) => ackId) : [];
}

function isPullResponse(
  response: object,
): response is { readonly receivedMessages: readonly WireReceivedMessage[] } {
  return "receivedMessages" in response;
}

function shifted(received: WireReceivedMessage, skewMs: number): WireReceivedMessage {
  const { publishTime } = received.message;
  if (publishTime === null) return received;
  const ms = publishTime.seconds * 1000 + skewMs;
  const seconds = Math.floor(ms / 1000);
  const nanos = publishTime.nanos + Math.round((ms - seconds * 1000) * 1_000_000);
  return {
    ...received,
    message: {
      ...received.message,
      publishTime: { seconds: seconds + Math.floor(nanos / 1e9), nanos: nanos % 1e9 },
    },
  };
}
