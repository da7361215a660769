import { randomUUID } from "node:crypto";
import type { HostParts } from "../../host.ts";
import { InvokeError } from "../../invoke-error.ts";
import type { InvocationReport } from "../../invocation-report.ts";
import type { AzureFunctionsPlan } from "../azure-functions-plan.ts";
import type { Feed } from "../azure-functions-host.ts";
import type { ChosenFunction } from "../choose-function.ts";
import type { AppResult, FunctionsApp } from "../functions-app.ts";
import { isManyOf, metadataFor } from "../trigger-data.ts";
import type { AppPackages, Rhea } from "./app-packages-types.ts";
import type { HeldMessage } from "./held-message.ts";
import { modelData } from "./model-data.ts";
import type { SettlementServer } from "./settlement-server.ts";
import { settlingClient } from "./settling-client.ts";
import { SettlingPump } from "./settling-pump.ts";

export interface SettlingParts {
  readonly chosen: ChosenFunction;
  readonly app: FunctionsApp;
  readonly plan: AzureFunctionsPlan;
  readonly parts: HostParts;
  readonly packages: AppPackages | undefined;
  readonly server: SettlementServer | undefined;
}

// maxConcurrentSessions of host.json.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus#hostjson-settings (2026-11-29)
const MAX_SESSIONS = 8;

/** Calls of a function with the SDK binding. The host settles the rest. @throws MISSING_PACKAGE */
export function settlingCalls({ chosen, app, plan, parts, packages, server }: SettlingParts): Feed {
  const { trigger, name } = chosen;
  if (packages === undefined || server === undefined) {
    throw new InvokeError(
      "MISSING_PACKAGE",
      `${name} has the SDK binding, and @azure/functions-extensions-servicebus is not installed where ${parts.file.path} is`,
      "Install it, and import it in the app.",
    );
  }
  const isMany = isManyOf(trigger);
  const hasSessions = trigger.properties["isSessionsEnabled"] === true;
  const client = settlingClient(packages.sdk, parts.place, trigger, parts.file.path);
  const call = new SettlingCall(chosen, app, packages.rhea, server, parts);
  const single = hasSessions ? Math.min(MAX_SESSIONS, plan.maxConcurrency) : plan.maxConcurrency;
  const pump = new SettlingPump({
    client,
    entity: parts.place.entity,
    hasSessions,
    batchSize: isMany ? plan.batchSize : 1,
    maxConcurrency: isMany && !hasSessions ? 1 : single,
    keepsLocks: !isMany,
    isOnce: parts.isOnce,
    onBatch: async (held) => await call.make(held),
    onWarning: parts.onWarning,
  });
  return {
    rule: "It settles them by itself",
    run: async (signal) => await pump.run(signal),
    close: async () => await client.close(),
  };
}

class SettlingCall {
  readonly #chosen: ChosenFunction;
  readonly #app: FunctionsApp;
  readonly #rhea: Rhea;
  readonly #server: SettlementServer;
  readonly #parts: HostParts;

  constructor(
    chosen: ChosenFunction,
    app: FunctionsApp,
    rhea: Rhea,
    server: SettlementServer,
    parts: HostParts,
  ) {
    this.#chosen = chosen;
    this.#app = app;
    this.#rhea = rhea;
    this.#server = server;
    this.#parts = parts;
  }

  async make(held: readonly HeldMessage[]): Promise<void> {
    const { name: functionName, trigger } = this.#chosen;
    const messages = held.map(({ message }) => message);
    const facts = messages.map((native) => ({ native, attempt: (native.deliveryCount ?? 0) + 1 }));
    const data = modelData(this.#rhea, messages, isManyOf(trigger));
    const requestId = randomUUID();
    const startedAtMs = performance.now();
    const release = this.#server.hold(held);
    const result = await this.#app.invoke(
      {
        functionName,
        inputData: [{ name: trigger.name, data }],
        triggerMetadata: metadataFor(trigger, facts),
      },
      requestId,
    );
    release();
    const durationMs = performance.now() - startedAtMs;
    await this.#settleRest(held, result);
    this.#parts.onReport({ requestId, functionName, durationMs, ...verdictOf(held, result) });
  }

  /** A failed call gives back its unsettled messages, whatever the trigger says. */
  async #settleRest(held: readonly HeldMessage[], { outcome }: AppResult): Promise<void> {
    const completes = this.#chosen.trigger.properties["autoCompleteMessages"] !== false;
    for (const message of held.filter(({ settledAs }) => settledAs === undefined)) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- few, and one link
        if (outcome !== "ok") await message.abandon();
        // oxlint-disable-next-line no-await-in-loop
        else if (completes) await message.complete();
      } catch (error) {
        this.#parts.onWarning(`comes again when its lock ends: ${idOf(message)}: ${String(error)}`);
      }
    }
  }
}

/** A message that stays in the queue has failed, whoever gave it back. */
function verdictOf(
  held: readonly HeldMessage[],
  { outcome, error }: AppResult,
): Pick<InvocationReport, "messageIds" | "failedIds" | "outcome" | "error"> {
  const failedIds = held
    .filter(({ settledAs }) => settledAs === undefined || settledAs === "abandoned")
    .map(idOf);
  const failure = failedIds.length === held.length ? "error" : "partial";
  return {
    messageIds: held.map(idOf),
    failedIds,
    outcome: outcome === "ok" && failedIds.length > 0 ? failure : outcome,
    error: error ?? (failedIds.length > 0 ? "the function gave them back" : undefined),
  };
}

function idOf({ message: { messageId }, lockToken }: HeldMessage): string {
  if (messageId instanceof Uint8Array) return Buffer.from(messageId).toString("hex");
  return messageId === undefined ? lockToken : String(messageId);
}
