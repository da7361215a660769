import { randomUUID } from "node:crypto";
import type { Host, HostParts } from "../host.ts";
import { InvokeError } from "../invoke-error.ts";
import { MessagePump, type PumpedMessage } from "../message-pump.ts";
import { findQueue, requireProvider } from "../queue-place.ts";
import { settleMessages } from "../settle-messages.ts";
import type { AzureFunctionsPlan } from "./azure-functions-plan.ts";
import { chooseFunction } from "./choose-function.ts";
import { FunctionsApp } from "./functions-app.ts";
import { isManyOf, triggerData } from "./trigger-data.ts";

/**
 * The Functions host for one Service Bus function of an app: returning completes, throwing abandons, the whole batch at
 * cardinality "many".
 * @throws InvokeError, before any message is taken
 */
export async function openAzureFunctionsHost(plan: AzureFunctionsPlan, parts: HostParts): Promise<Host> {
  const { place, file, onLine, onWarning, isOnce } = parts;
  requireProvider(place, "service-bus", "azure-functions");
  if (file.exportName !== undefined) {
    throw new InvokeError(
      "UNSUPPORTED",
      `${file.path}: functions of an app are registered, not exported`,
      "Name the file alone, and the function with --function.",
    );
  }
  const app = new FunctionsApp({ path: file.path, timeoutMs: plan.timeoutMs, onLine });
  try {
    const { name, trigger } = chooseFunction(await app.start(), plan.functionName, place.entity, file.path);
    const hasSessions = trigger.properties["isSessionsEnabled"] === true;
    const isMany = isManyOf(trigger);
    const onBatch = async (messages: readonly PumpedMessage[]): Promise<void> => {
      const requestId = randomUUID();
      const startedAtMs = performance.now();
      const { outcome, error } = await app.invoke(
        { functionName: name, ...triggerData(trigger, messages) },
        requestId,
      );
      const durationMs = performance.now() - startedAtMs;
      await settleMessages(messages, outcome === "ok", parts);
      const messageIds = messages.map(({ id }) => id);
      const failedIds = outcome === "ok" ? [] : messageIds;
      parts.onReport({ requestId, functionName: name, messageIds, outcome, failedIds, error, durationMs });
    };
    const pump = await MessagePump.open({
      place: hasSessions ? await findQueue({ ...place.naming, isOrdered: true }) : place,
      batchSize: isMany ? plan.batchSize : 1,
      // One batch at a time, as the host has it; single messages side by side.
      maxConcurrency: isMany ? 1 : plan.maxConcurrency,
      isOnce,
      onBatch,
      onWarning,
    });
    return {
      greeting: `Calling ${name} with the messages of ${place.entity}, ${isMany ? `up to ${plan.batchSize} at once` : "one by one"}. Returning completes, throwing abandons, and Service Bus counts.`,
      run: async (signal) => await pump.run(signal),
      async close() {
        await pump.close();
        await app.close();
      },
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}
