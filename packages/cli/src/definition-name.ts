import { defineQueue, isQueueError } from "@anyqueue/core";

/** Stands for a queue whose real name is not allowed for a definition. */
export const STAND_IN = "anyqueue-cli-queue";

/** False for a name that only the provider understands, such as `orders.fifo`, a queue's URL or an ARN. */
export function isDefinitionName(name: string): boolean {
  try {
    defineQueue(name);
    return true;
  } catch (error) {
    if (isQueueError(error, "INVALID_ARGUMENT")) return false;
    throw error;
  }
}
