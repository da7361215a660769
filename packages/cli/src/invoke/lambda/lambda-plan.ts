import { durationMsFlag } from "../../duration-flag.ts";
import type { ParsedFlags } from "../../parse-flags.ts";
import { wholeNumberFlag } from "../../whole-number-flag.ts";

/** The settings of a run that only Lambda has. */
export interface LambdaPlan {
  readonly runtime: "lambda";
  readonly batchSize: number;
  readonly windowMs: number;
  readonly reportBatchItemFailures: boolean;
  readonly maxConcurrency: number;
  /** Timeout of the function. */
  readonly timeoutMs: number;
  /** A program that replaces our client of the runtime API, such as `aws-lambda-ric`. */
  readonly runtimeClient: readonly string[] | undefined;
}

/** Lambda's defaults, except the concurrency: what Lambda starts with, not an account's thousand. */
const DEFAULTS = Object.freeze({ batchSize: 10, windowMs: 0, maxConcurrency: 5, timeoutMs: 3_000 });

export function readLambdaPlan(flags: ParsedFlags): LambdaPlan {
  const client = flags.value("runtime-client")?.split(/\s+/).filter(Boolean);
  return {
    runtime: "lambda",
    batchSize: wholeNumberFlag("invoke", flags, "batch-size", { min: 1, max: 10_000 }) ?? DEFAULTS.batchSize,
    windowMs: durationMsFlag("invoke", flags, "window", { min: "0s", max: "5m" }) ?? DEFAULTS.windowMs,
    reportBatchItemFailures: flags.has("report-batch-item-failures"),
    maxConcurrency:
      wholeNumberFlag("invoke", flags, "max-concurrency", { min: 1, max: 1_000 }) ?? DEFAULTS.maxConcurrency,
    timeoutMs: durationMsFlag("invoke", flags, "timeout", { min: "1ms", max: "15m" }) ?? DEFAULTS.timeoutMs,
    runtimeClient: client,
  };
}
