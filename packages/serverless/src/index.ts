export { createBatchHandler, createHandler, type HandlerOptions } from "./create-handler.ts";
export type { EventBatch, EventSource, Outcome } from "@anyqueue/core";
