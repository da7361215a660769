import type { EventListener } from "@anyqueue/core";

/** Its errors are contained and must have no other effect. */
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
