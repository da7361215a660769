import type { ServiceBusFaultAction } from "../../../../faults/service-bus-fault-action.ts";
import { AmqpRefusal, idleConnection, idleLink, throttled, unauthorized } from "../amqp-errors.ts";

/** What ends a call instead of its normal answer. */
export type Interruption =
  | { readonly kind: "error" | "detach" | "closeConnection"; readonly error: AmqpRefusal }
  | { readonly kind: "reset" | "halfOpen" | "hold" };

export interface InterruptionContext {
  /** Name of the namespace. */
  readonly namespace: string;
  /** Name of the link. */
  readonly link: string;
}

export function interruptionOf(
  action: ServiceBusFaultAction,
  { namespace, link }: InterruptionContext,
): Interruption | undefined {
  switch (action.kind) {
    case "error":
      return { kind: "error", error: refusal(action.condition, action.description) };
    case "throttle":
      return { kind: "error", error: throttled(namespace) };
    case "unauthorized":
      return { kind: "error", error: unauthorized() };
    case "detach":
      return { kind: "detach", error: override(idleLink(link), action) };
    case "closeConnection":
      return { kind: "closeConnection", error: override(idleConnection(), action) };
    case "reset":
    case "halfOpen":
    case "hold":
      return { kind: action.kind };
    case "delay":
    case "sessionLost":
    case "expireLease":
    case "duplicate":
    case "corruptMessage":
    case "noCredit":
    case "ignoreDrain":
    case "clockSkew":
      return undefined;
  }
}

interface Overrides {
  readonly condition?: string | undefined;
  readonly description?: string | undefined;
}

function override(error: AmqpRefusal, { condition, description }: Overrides): AmqpRefusal {
  if (condition === undefined && description === undefined) return error;
  return condition === undefined
    ? new AmqpRefusal(error.condition, description ?? error.message)
    : refusal(condition, description);
}

function refusal(condition: string, description?: string): AmqpRefusal {
  return new AmqpRefusal(condition, description ?? `Injected fault: ${condition}.`);
}
