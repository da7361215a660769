import { randomUUID } from "node:crypto";
import type { Host, HostParts } from "../host.ts";
import { InvokeError } from "../invoke-error.ts";
import { MessagePump, type PumpedMessage } from "../message-pump.ts";
import { findQueue, requireProvider } from "../queue-place.ts";
import { settleMessages } from "../settle-messages.ts";
import type { AzureFunctionsPlan } from "./azure-functions-plan.ts";
import { chooseFunction, settlesItself, type ChosenFunction } from "./choose-function.ts";
import { FunctionsApp } from "./functions-app.ts";
import { appPackages } from "./settling/app-packages.ts";
import { startSettlementServer } from "./settling/settlement-server.ts";
import { settlingCalls } from "./settling/settling-calls.ts";
import { isManyOf, triggerData } from "./trigger-data.ts";

/** Hands the messages of a queue to a function. */
export type Feed = Pick<Host, "run" | "close"> & { readonly rule: string };

/**
 * Acts as the Functions host for one Service Bus function of an app: returning completes, throwing abandons;
 * with cardinality "many", the whole batch. A function with the SDK binding settles each message itself.
 * @throws InvokeError, before any message is taken
 */
export async function openAzureFunctionsHost(plan: AzureFunctionsPlan, parts: HostParts): Promise<Host> {
  const { place, file, onLine } = parts;
  requireProvider(place, "service-bus", "azure-functions");
  if (file.exportName !== undefined) {
    throw new InvokeError(
      "UNSUPPORTED",
      `${file.path}: functions of an app are registered, not exported`,
      "Name the file alone, and the function with --function.",
    );
  }
  const packages = appPackages(file.path);
  const server = packages && (await startSettlementServer(packages));
  const workerArguments = server?.workerArguments ?? [];
  const app = new FunctionsApp({ path: file.path, workerArguments, timeoutMs: plan.timeoutMs, onLine });
  const closeAll = async (): Promise<void> => {
    await app.close();
    server?.close();
  };
  try {
    const chosen = chooseFunction(await app.start(), plan.functionName, place.entity, file.path);
    const feed = settlesItself(chosen)
      ? settlingCalls({ chosen, app, plan, parts, packages, server })
      : await wholeCalls(chosen, app, plan, parts);
    const size = isManyOf(chosen.trigger) ? `up to ${plan.batchSize} at once` : "one by one";
    return {
      greeting: `Calling ${chosen.name} with the messages of ${place.entity}, ${size}. ${feed.rule}, and Service Bus counts.`,
      run: async (signal) => await feed.run(signal),
      async close() {
        try {
          await feed.close();
        } finally {
          await closeAll();
        }
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Calls whose result settles all their messages. */
async function wholeCalls(
  { name, trigger }: ChosenFunction,
  app: FunctionsApp,
  plan: AzureFunctionsPlan,
  parts: HostParts,
): Promise<Feed> {
  const { place, isOnce, onWarning } = parts;
  const isMany = isManyOf(trigger);
  const hasSessions = trigger.properties["isSessionsEnabled"] === true;
  const onBatch = async (messages: readonly PumpedMessage[]): Promise<void> => {
    const requestId = randomUUID();
    const startedAtMs = performance.now();
    const message = { functionName: name, ...triggerData(trigger, messages) };
    const { outcome, error } = await app.invoke(message, requestId);
    const durationMs = performance.now() - startedAtMs;
    await settleMessages(messages, outcome === "ok", parts);
    const messageIds = messages.map(({ id }) => id);
    const failedIds = outcome === "ok" ? [] : messageIds;
    parts.onReport({ requestId, functionName: name, messageIds, outcome, failedIds, error, durationMs });
  };
  const pump = await MessagePump.open({
    place: hasSessions ? await findQueue({ ...place.naming, isOrdered: true }) : place,
    batchSize: isMany ? plan.batchSize : 1,
    // Like the host: one batch at a time, but single messages in parallel.
    maxConcurrency: isMany ? 1 : plan.maxConcurrency,
    isOnce,
    onBatch,
    onWarning,
  });
  return {
    rule: "Returning completes, throwing abandons",
    run: async (signal) => await pump.run(signal),
    close: async () => await pump.close(),
  };
}
