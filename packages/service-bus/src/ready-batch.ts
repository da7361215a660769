import type { ServiceBusMessageBatch } from "@azure/service-bus";
import type { EncodedBatch } from "./encode-batch.ts";
import { field } from "./field.ts";

/** What the SDK's sender reads of a batch, and its types leave out. */
const BYTES = "_generateMessage";
/** Spans of the SDK's own tracing, of which a batch of ours has none; the core reports its sends as events. */
const SPANS = "_messageSpanContexts";

/** A batch that is encoded already, in the shape that the SDK's sender takes its own batches in. */
export function readyBatch({ bytes, count }: EncodedBatch): ServiceBusMessageBatch {
  return {
    maxSizeInBytes: bytes.length,
    sizeInBytes: bytes.length,
    count,
    tryAddMessage: () => false,
    ...{ [BYTES]: () => bytes, [SPANS]: [] },
  };
}

/** True if a batch of the SDK itself has the members that ours has. */
export function takesReadyBatches(own: ServiceBusMessageBatch): boolean {
  return typeof field(own, BYTES) === "function" && Array.isArray(field(own, SPANS));
}
