import type { ServiceBusSender } from "@azure/service-bus";

/**
 * Opens the sender's link, in as many tries as that takes on a busy machine: the short time-out of its client is for
 * what follows.
 */
export async function opened(sender: ServiceBusSender): Promise<ServiceBusSender> {
  for (;;) {
    try {
      await sender.createMessageBatch();
      return sender;
    } catch (error) {
      if (Reflect.get(Object(error), "code") !== "ServiceTimeout") throw error;
    }
  }
}
