import { durationMsFlag } from "../../duration-flag.ts";
import type { ParsedFlags } from "../../parse-flags.ts";
import { wholeNumberFlag } from "../../whole-number-flag.ts";

/** The settings of a run that only the Functions host has. */
export interface AzureFunctionsPlan {
  readonly runtime: "azure-functions";
  /** Which function, if the app has several for Service Bus. */
  readonly functionName: string | undefined;
  /** For functions with cardinality "many". */
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly timeoutMs: number;
}

// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus#hostjson-settings (2026-11-29):
// maxMessageBatchSize, maxConcurrentCalls; functionTimeout of the consumption plan:
// https://learn.microsoft.com/azure/azure-functions/functions-host-json#functiontimeout (2026-11-29)
const DEFAULTS = Object.freeze({ batchSize: 1_000, maxConcurrency: 16, timeoutMs: 300_000 });

export function readAzureFunctionsPlan(flags: ParsedFlags): AzureFunctionsPlan {
  const bounds = { min: 1, max: 1_000 };
  return {
    runtime: "azure-functions",
    functionName: flags.value("function"),
    batchSize: wholeNumberFlag("invoke", flags, "batch-size", bounds) ?? DEFAULTS.batchSize,
    maxConcurrency: wholeNumberFlag("invoke", flags, "max-concurrency", bounds) ?? DEFAULTS.maxConcurrency,
    timeoutMs: durationMsFlag("invoke", flags, "timeout", { min: "1ms", max: "2h" }) ?? DEFAULTS.timeoutMs,
  };
}
