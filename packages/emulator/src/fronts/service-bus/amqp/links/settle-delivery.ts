import type { Mailbox } from "../../engine/contract.ts";
import type { ApplicationProperties } from "../../engine/message-content.ts";
import { notImplemented } from "../amqp-errors.ts";
import { propertiesOf } from "../message/property-values.ts";
import type { Outcome } from "../transport/outcome.ts";

/** The operation that a client's outcome requests. */
export interface Settlement {
  readonly operation: "complete" | "abandon" | "defer" | "deadLetter" | "release" | "settle";
  apply(mailbox: Mailbox, lockToken: string): void;
}

/** Maps outcomes to operations. Seen on the wire with @azure/service-bus 7.9.5. */
export function settlementOf(outcome: Outcome): Settlement {
  switch (outcome.kind) {
    case "accepted":
      return { operation: "complete", apply: (mailbox, token) => mailbox.complete(token) };
    case "modified": {
      // They arrive as annotations but are meant as application properties.
      const properties = propertiesOf(outcome.annotations);
      return outcome.isUndeliverableHere
        ? { operation: "defer", apply: (mailbox, token) => mailbox.defer(token, properties) }
        : { operation: "abandon", apply: (mailbox, token) => mailbox.abandon(token, properties) };
    }
    case "rejected":
      return {
        operation: "deadLetter",
        apply: (mailbox, token) => mailbox.deadLetter(token, deadLetterOf(outcome)),
      };
    case "released":
      // A release counts no delivery: https://github.com/Azure/amqpnetlite/issues/342 (2026-11-29).
      return { operation: "release", apply: (mailbox, token) => mailbox.release(token) };
    case "other":
      return {
        operation: "settle",
        apply: () => {
          throw notImplemented("A settlement inside a transaction");
        },
      };
  }
}

const REASON = "DeadLetterReason";
const DESCRIPTION = "DeadLetterErrorDescription";

/** If a client sends no map, the error's own texts give reason and description. */
function deadLetterOf(outcome: Extract<Outcome, { readonly kind: "rejected" }>): {
  readonly reason: string | undefined;
  readonly description: string | undefined;
  readonly properties: ApplicationProperties;
} {
  const properties = new Map(propertiesOf(outcome.info));
  const [reason, description] = [REASON, DESCRIPTION].map((name) => {
    const value = properties.get(name)?.value;
    properties.delete(name);
    return typeof value === "string" ? value : undefined;
  });
  const isForeign = outcome.info === undefined || outcome.condition !== "com.microsoft:dead-letter";
  return {
    reason: reason ?? (isForeign ? outcome.condition : undefined),
    description: description ?? (isForeign ? outcome.description : undefined),
    properties,
  };
}
