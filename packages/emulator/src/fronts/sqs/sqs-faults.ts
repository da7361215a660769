import type { FaultPlan } from "../../faults/fault-plan.ts";
import type { FaultCall } from "../../faults/fault-rule.ts";
import type { SqsFaultAction } from "../../faults/sqs-fault-action.ts";
import type { OpenCall } from "../../log/call-log.ts";
import type { EngineClock } from "../../time/engine-clock.ts";
import { waitFor } from "../../time/wait-for.ts";
import type { EntryFault } from "./operations/operation.ts";
import { errorDetails, SqsError } from "./sqs-errors.ts";

/** What ends a call instead of its normal answer. */
export type Interruption =
  | { readonly kind: "error"; readonly error: SqsError; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "html"; readonly status: number }
  | { readonly kind: "reset" }
  | { readonly kind: "hold" };

/** The faults of one call, collected while the call runs. */
export class SqsCallFaults {
  readonly #plan: FaultPlan;
  readonly #call: FaultCall<"sqs">;
  readonly #open: OpenCall;
  readonly #clock: EngineClock;
  readonly #actions: SqsFaultAction[] = [];

  constructor(plan: FaultPlan, call: FaultCall<"sqs">, open: OpenCall, clock: EngineClock) {
    this.#plan = plan;
    this.#call = call;
    this.#open = open;
    this.#clock = clock;
  }

  /** Draws the rules of one position, waits for their delays, and returns how the call ends early. */
  async run(when: "before" | "after", disconnected: AbortSignal): Promise<Interruption | undefined> {
    let interruption: Interruption | undefined;
    for (const { ruleId, action } of this.#plan.take(this.#call, when)) {
      this.#open.fired(ruleId);
      this.#actions.push(action);
      if (action.kind === "delay") await waitFor(this.#clock, action.ms, disconnected);
      interruption ??= interruptionOf(action);
    }
    return interruption;
  }

  all<Kind extends SqsFaultAction["kind"]>(
    kind: Kind,
  ): readonly Extract<SqsFaultAction, { readonly kind: Kind }>[] {
    return this.#actions.filter(
      (action): action is Extract<SqsFaultAction, { readonly kind: Kind }> => action.kind === kind,
    );
  }

  has(kind: SqsFaultAction["kind"]): boolean {
    return this.#actions.some((action) => action.kind === kind);
  }

  /** Returns the failure that the rules drawn so far inject into a batch entry. */
  entryFault(index: number): EntryFault | undefined {
    const fault = this.all("partialBatch").find(
      ({ entries }) => entries === undefined || entries.includes(index),
    );
    if (fault === undefined) return undefined;
    return {
      code: fault.code === undefined ? "InternalError" : errorDetails(fault.code).queryCode,
      message: fault.message ?? "Injected fault: the entry failed.",
      isSenderFault: fault.isSenderFault ?? false,
    };
  }
}

/** Translates actions into the answers that the real service would give. */
function interruptionOf(action: SqsFaultAction): Interruption | undefined {
  switch (action.kind) {
    case "error":
      return errorAnswer(action.code, action);
    case "throttle":
      return errorAnswer(
        action.code ?? "RequestThrottled",
        { message: "Request is throttled." },
        retryAfter(action.retryAfterSeconds),
      );
    case "serverError":
      return serverError(action.status ?? 500, action.html ?? false);
    case "accessDenied":
      return errorAnswer("AccessDenied", {
        message: "User is not authorized to perform this action on the resource.",
      });
    case "expiredToken":
      return errorAnswer("ExpiredToken", {
        message: "The security token included in the request is expired",
      });
    case "clockSkew":
      return errorAnswer(
        action.code ?? "RequestExpired",
        { message: "Signature expired: the date of the request is too far from the service's." },
        { date: new Date(Date.now() + action.skewMs).toUTCString() },
      );
    case "reset":
    case "hold":
      return { kind: action.kind };
    case "partialBatch":
    case "delay":
    case "trickle":
    case "duplicate":
    case "shuffle":
    case "corruptMd5":
    case "expireLease":
      return undefined;
  }
}

interface ErrorOverrides {
  readonly message?: string | undefined;
  readonly status?: number | undefined;
  readonly isReceiverFault?: boolean | undefined;
}

function errorAnswer(
  code: string,
  overrides: ErrorOverrides,
  headers: Readonly<Record<string, string>> = {},
): Interruption {
  const details = errorDetails(code);
  const error = new SqsError(
    {
      ...details,
      status: overrides.status ?? details.status,
      isReceiverFault: overrides.isReceiverFault ?? details.isReceiverFault,
    },
    overrides.message ?? `Injected fault: ${code}.`,
  );
  return { kind: "error", error, headers };
}

function serverError(status: number, isHtml: boolean): Interruption {
  if (isHtml) return { kind: "html", status };
  const code = status === 500 ? "InternalFailure" : "ServiceUnavailable";
  return errorAnswer(code, { status, isReceiverFault: true, message: "Injected fault: the service failed." });
}

function retryAfter(seconds: number | undefined): Readonly<Record<string, string>> {
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}
