import type { EventSource } from "@anyqueue/core";
import { QueueError, type EventBatch, type Outcome } from "@anyqueue/core/adapter";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { PushDesk } from "./push-desk.ts";
import { resolveEvents, type PubsubEventsOptions } from "./push-options.ts";
import type { PubsubCloudEvent } from "./push-shapes.ts";
import { decodeCloudEvent } from "./push-wire.ts";

type CloudEventSource = EventSource<[event: PubsubCloudEvent], void, PubsubHandle>;

/**
 * Receives a topic's messages as CloudEvents, for `createHandler` and `cloudEvent()` of the functions
 * framework: Cloud Run functions with a Pub/Sub trigger. A return means handled. After a throw the message is
 * pushed again, if the trigger retries (`--retry`).
 *
 * @example
 * cloudEvent("orders", createHandler(orders, pubsubEvents({ trustPlatform: true }), onOrder));
 *
 * @throws INVALID_ARGUMENT with every problem of the options, and without `trustPlatform: true`
 */
export function pubsubEvents(options: PubsubEventsOptions): CloudEventSource {
  const desk = new PushDesk(resolveEvents("pubsubEvents", options));
  return Object.freeze({
    receive: async (event: PubsubCloudEvent) =>
      await desk.receive(() => decodeCloudEvent(event, desk.counts)),
    reply: (outcomes: readonly Outcome[], batch: EventBatch<PubsubHandle>) => {
      const outcome = desk.leave(batch, outcomes);
      if (outcome === undefined || outcome.kind === "release") throw unhandled(outcome);
    },
    refuse: (error: unknown, batch: EventBatch<PubsubHandle> | undefined) => {
      if (batch !== undefined) desk.leave(batch);
      throw error;
    },
  });
}

/** The framework answers 500 and logs it. */
function unhandled(outcome: Extract<Outcome, { readonly kind: "release" }> | undefined): QueueError {
  return new QueueError("UNAVAILABLE", {
    what:
      outcome?.cause === "retry" ? "the message was not handled" : "there was no time to handle the message",
    remedy: "It is pushed again if the function's trigger retries (--retry).",
    provider: "pubsub",
    cause: outcome?.error,
  });
}
