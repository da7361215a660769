import { defineQueue, type BodyOf, type QueueDefinition } from "@anyqueue/core";
import { z } from "zod";

const payload = z.record(z.string(), z.unknown());
const webhookOf = <Family extends string>(family: Family) =>
  z.object({ family: z.literal(family), event: z.string(), action: z.string(), payload });

/** A webhook in the queue: GitHub's unchanged payload, and the family that selects its handler. */
const Webhook = z.discriminatedUnion("family", [
  webhookOf("code"),
  webhookOf("conversation"),
  webhookOf("automation"),
  webhookOf("security"),
  webhookOf("administration"),
  webhookOf("billing"),
]);

export type Webhook = z.infer<typeof Webhook>;
export type Family = Webhook["family"];

/** One queue for all webhooks. The URL, not this file, decides where it is. */
export const webhooks: QueueDefinition<Webhook, Webhook, never, never> = defineQueue("webhooks", {
  schema: Webhook,
  lease: "4s",
  retry: { attempts: 3, delay: "500ms" },
});

export type WebhookBody = BodyOf<typeof webhooks>;
