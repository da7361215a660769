import type { ServiceBusMessageBatch } from "@azure/service-bus";
import type { EncodedBatch } from "./encode-batch.ts";
import { field } from "./field.ts";

/** The SDK's sender reads this member of a batch, although its types leave it out. */
const BYTES = "_generateMessage";
/** Spans of the SDK's own tracing. Our batches have none: the core reports its sends as events. */
const SPANS = "_messageSpanContexts";

/** Presents an encoded batch in the shape of the SDK's own batches, for the SDK's sender. */
export function readyBatch({ bytes, count }: EncodedBatch): ServiceBusMessageBatch {
  return {
    maxSizeInBytes: bytes.length,
    sizeInBytes: bytes.length,
    count,
    tryAddMessage: () => false,
    ...{ [BYTES]: () => bytes, [SPANS]: [] },
  };
}

/** True if the SDK's own batches have the members that ours have. */
export function takesReadyBatches(own: ServiceBusMessageBatch): boolean {
  return typeof field(own, BYTES) === "function" && Array.isArray(field(own, SPANS));
}
