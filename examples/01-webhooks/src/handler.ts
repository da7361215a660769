import { timingSafeEqual } from "node:crypto";
import { DeadLetterError, route, type Handler, type HandlerContext, type Message } from "@anyqueue/core";
import type { Journal } from "./journal.ts";
import { sign } from "./payloads.ts";
import { webhooks, type WebhookBody } from "./queue.ts";

/** One of this many deliveries finds its service down at first. */
const FLAKY_EVERY = 40;

/** Verifies, routes and records webhooks. A handler that returns acks; one that throws retries. */
export function webhookHandler(journal: Journal): Handler<WebhookBody> {
  const record = (message: Message<WebhookBody>, context: HandlerContext): void => {
    const { event, action, payload } = message.body;
    if (isFlaky(message.id) && context.attempt === 1) {
      journal.append({ kind: "failed", id: message.id });
      throw new Error("the project tracker does not answer");
    }
    const repository = readText(payload["repository"], "full_name");
    const sender = readText(payload["sender"], "login");
    journal.append({ kind: "handled", id: message.id, event, action, repository, sender });
  };
  const byFamily = route(webhooks, "family", {
    code: record,
    conversation: record,
    automation: record,
    security: record,
    administration: record,
    billing: (message, context) => {
      // The poison message of this demo: no attempt succeeds, so the last one makes it a dead letter.
      if (!context.isLastAttempt) journal.append({ kind: "failed", id: message.id });
      throw new Error("the billing service refuses this customer");
    },
  });
  return (message, context) => {
    verify(message);
    return byFamily(message, context);
  };
}

/** Throws for forged webhooks, which need no retry. */
function verify(message: Message<WebhookBody>): void {
  const expected = Buffer.from(sign(message.body.payload));
  const received = Buffer.from(message.attributes["x-hub-signature-256"] ?? "");
  if (expected.length !== received.length || !timingSafeEqual(expected, received)) {
    throw new DeadLetterError("signature does not match");
  }
}

function isFlaky(id: string): boolean {
  return Number(id.slice(id.indexOf("-") + 1)) % FLAKY_EVERY === 0;
}

function readText(value: unknown, key: string): string {
  if (typeof value !== "object" || value === null || !(key in value)) return "none";
  return String(Reflect.get(value, key));
}
