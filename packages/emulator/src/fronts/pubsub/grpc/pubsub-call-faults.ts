import type { FaultPlan } from "../../../faults/fault-plan.ts";
import type { FaultCall } from "../../../faults/fault-rule.ts";
import type { PubsubFaultAction } from "../../../faults/pubsub-fault-action.ts";
import type { OpenCall } from "../../../log/call-log.ts";
import type { EngineClock } from "../../../time/engine-clock.ts";
import { waitFor } from "../../../time/wait-for.ts";
import { INVALID_ACK_ID } from "../operations/message-operations.ts";
import { GRPC_CODES, PubsubError, type GrpcCode } from "../pubsub-error.ts";
import type { Connection } from "./connection-table.ts";

/** What ends a call instead of its normal answer. */
export type Interruption =
  | { readonly kind: "error"; readonly error: PubsubError }
  | { readonly kind: "end" }
  | { readonly kind: "reset" }
  | { readonly kind: "hold" };

type ActionOf<Kind extends PubsubFaultAction["kind"]> = Extract<PubsubFaultAction, { readonly kind: Kind }>;

const DEFAULT_GRACE_MS = 1000;

/** Where a call's faults come from and what they act on. */
export interface FaultTarget {
  readonly plan: FaultPlan;
  readonly clock: EngineClock;
  readonly open: OpenCall;
  readonly connection: Connection | undefined;
}

/** The faults of one call, collected while the call runs. */
export class PubsubCallFaults {
  readonly #target: FaultTarget;
  readonly #call: FaultCall<"pubsub">;
  #drawn: readonly PubsubFaultAction[] = [];

  constructor(target: FaultTarget, call: FaultCall<"pubsub">) {
    this.#target = target;
    this.#call = call;
  }

  /** Draws the rules of one position. Returns undefined rather than a promise if none fires. */
  draw(when: "before" | "after", cancelled: AbortSignal): Promise<Interruption | undefined> | undefined {
    const fired = this.#target.plan.take(this.#call, when);
    if (fired.length === 0) return undefined;
    for (const { ruleId } of fired) this.#target.open.fired(ruleId);
    const actions = fired.map(({ action }) => action);
    this.#drawn = [...this.#drawn, ...actions];
    return this.#run(actions, cancelled);
  }

  find<Kind extends PubsubFaultAction["kind"]>(kind: Kind): ActionOf<Kind> | undefined {
    return this.#drawn.find((action): action is ActionOf<Kind> => action.kind === kind);
  }

  has(kind: PubsubFaultAction["kind"]): boolean {
    return this.#drawn.some((action) => action.kind === kind);
  }

  /** Returns the failure that the rules drawn so far inject for an ack id. */
  ackFault(index: number): string | undefined {
    const fault = this.#drawn.find(
      (action) => action.kind === "partialAck" && (action.entries?.includes(index) ?? true),
    );
    return fault?.kind === "partialAck" ? (fault.code ?? INVALID_ACK_ID) : undefined;
  }

  async #run(
    actions: readonly PubsubFaultAction[],
    cancelled: AbortSignal,
  ): Promise<Interruption | undefined> {
    let interruption: Interruption | undefined;
    for (const action of actions) {
      if (action.kind === "delay") await waitFor(this.#target.clock, action.ms, cancelled);
      if (action.kind === "goaway") this.#target.connection?.drain(action.graceMs ?? DEFAULT_GRACE_MS);
      if (action.kind === "halfOpen" && this.#target.connection !== undefined) {
        this.#target.connection.isSilent = true;
      }
      interruption ??= interruptionOf(action);
    }
    return interruption;
  }
}

function interruptionOf(action: PubsubFaultAction): Interruption | undefined {
  switch (action.kind) {
    case "error":
      return injected(action.code, action.message);
    case "endStream":
      return action.code === "OK" ? { kind: "end" } : injected(action.code, action.message);
    case "reset":
    case "hold":
      return { kind: action.kind };
    case "halfOpen":
      return { kind: "hold" };
    case "goaway":
    case "delay":
    case "slow":
    case "partialAck":
    case "duplicate":
    case "shuffle":
    case "expireLease":
    case "noKeepalive":
    case "starve":
    case "overflow":
    case "clockSkew":
      return undefined;
  }
}

/** The service's own texts, where known. */
const TEXTS: Partial<Record<GrpcCode, string>> = {
  UNAVAILABLE: "The service was unable to fulfill your request. Please try again.",
};

function injected(code: GrpcCode, message: string | undefined): Interruption {
  // A rule for all fronts may name an error code that only another front knows.
  const known = Object.hasOwn(GRPC_CODES, code) ? code : "UNKNOWN";
  const text = message ?? TEXTS[known] ?? `Injected fault: ${code}.`;
  return { kind: "error", error: new PubsubError(known, text) };
}
