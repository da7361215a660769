import type { FaultPlan } from "../../../faults/fault-plan.ts";
import type { FaultCall } from "../../../faults/fault-rule.ts";
import type { ServiceBusFaultAction } from "../../../faults/service-bus-fault-action.ts";
import type { OpenCall } from "../../../log/call-log.ts";
import type { EngineClock } from "../../../time/engine-clock.ts";
import { waitFor } from "../../../time/wait-for.ts";
import { statusOf } from "../amqp/amqp-errors.ts";
import { AtomError } from "./atom-error.ts";

/** What ends a request instead of its normal answer. */
export type AtomInterruption = AtomError | "reset" | "hold";

export interface AtomFaultParts {
  readonly faults: FaultPlan;
  readonly clock: EngineClock;
}

/** Fires the rules of one position. Resolves after their delays. */
export async function runAtomFaults(
  when: "before" | "after",
  call: FaultCall<"service-bus">,
  open: OpenCall,
  parts: AtomFaultParts,
  disconnected: AbortSignal,
): Promise<AtomInterruption | undefined> {
  let interruption: AtomInterruption | undefined;
  for (const { ruleId, action } of parts.faults.take(call, when)) {
    open.fired(ruleId);
    if (action.kind === "delay") await waitFor(parts.clock, action.ms, disconnected);
    interruption ??= interruptionOf(action);
  }
  return interruption;
}

/** Actions on links, locks and deliveries have no effect here. */
function interruptionOf(action: ServiceBusFaultAction): AtomInterruption | undefined {
  switch (action.kind) {
    case "error": {
      const status = statusOf(action.condition);
      return new AtomError(status, action.description ?? `Injected fault: ${action.condition}.`);
    }
    case "throttle":
      return new AtomError(503, "SubCode=50009. The request was terminated because it is being throttled.");
    case "unauthorized":
      return new AtomError(401, "SubCode=40100. Unauthorized. The token does not permit this operation.");
    case "reset":
    case "closeConnection":
      return "reset";
    case "hold":
    case "halfOpen":
      return "hold";
    case "delay":
    case "detach":
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
