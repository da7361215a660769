import type { EventListener } from "@anyqueue/core";

/** What it throws is contained; nothing else may come of it. */
export const THROWING_LISTENER: EventListener = {
  receive: refuse,
  handled: refuse,
  state: refuse,
  "dead-lettered": refuse,
  "lease-lost": refuse,
  "settle-failed": refuse,
  "receive-error": refuse,
};

function refuse(): never {
  throw new Error("this listener throws whatever it hears");
}
