import { basename, extname } from "node:path";
import { EmulatorError, resolveMapping } from "@anyqueue/emulator/lambda";
import type { Host, HostParts } from "../host.ts";
import { InvokeError } from "../invoke-error.ts";
import { requireProvider } from "../queue-place.ts";
import { BatchGatherer } from "./batch-gatherer.ts";
import { EnvironmentPool } from "./environment-pool.ts";
import { LambdaMapping } from "./lambda-mapping.ts";
import type { LambdaPlan } from "./lambda-plan.ts";
import { SqsQueue, type SqsQueueFacts } from "./sqs-queue.ts";

/**
 * An event source mapping between an SQS queue and a handler that runs in separate processes.
 * @throws InvokeError, before any message is taken
 */
export async function openLambdaHost(plan: LambdaPlan, parts: HostParts): Promise<Host> {
  requireProvider(parts.place, "sqs", "lambda");
  const queue = await SqsQueue.open(parts.place);
  const functionName = basename(parts.file.path, extname(parts.file.path));
  const [, , , region = "", account = ""] = queue.facts.arn.split(":");
  const pool = new EnvironmentPool(
    {
      file: parts.file,
      functionName,
      functionArn: `arn:aws:lambda:${region}:${account}:function:${functionName}`,
      region,
      timeoutMs: plan.timeoutMs,
      runtimeClient: plan.runtimeClient,
      onLine: parts.onLine,
    },
    plan.maxConcurrency,
  );
  try {
    checkMapping(plan, queue.facts);
    await pool.warmUp();
  } catch (error) {
    queue.close();
    throw error;
  }
  const { batchSize, windowMs, reportBatchItemFailures: isPartial } = plan;
  const gatherer = new BatchGatherer(queue, { queueArn: queue.facts.arn, batchSize, windowMs });
  const mapping = new LambdaMapping({ ...parts, queue, gatherer, pool, isPartial });
  return {
    greeting: greeting(plan, queue.facts),
    run: async (signal) => await mapping.run(signal),
    async close() {
      await pool.close();
      queue.close();
    },
  };
}

/** Uses the limits and the wording of the service. @throws INVALID_MAPPING */
function checkMapping(plan: LambdaPlan, { isFifo, visibilityTimeoutMs }: SqsQueueFacts): void {
  const options = {
    batchSize: plan.batchSize,
    windowSeconds: plan.windowMs / 1_000,
    functionTimeoutMs: plan.timeoutMs,
    // A mapping allows 2 or more; one at a time is a function with that reserved concurrency.
    ...(plan.maxConcurrency > 1 && { maxConcurrency: plan.maxConcurrency }),
  };
  try {
    resolveMapping(options, { isFifo, visibilityTimeoutMs });
  } catch (error) {
    if (!(error instanceof EmulatorError)) throw error;
    const what = error.message.replace(/\.$/, "");
    throw new InvokeError("INVALID_MAPPING", what, "Lambda refuses such a mapping too.", {
      cause: error,
    });
  }
}

function greeting(plan: LambdaPlan, facts: SqsQueueFacts): string {
  const again = `${facts.visibilityTimeoutMs / 1_000} s after it was taken`;
  const end =
    facts.maxReceiveCount === undefined
      ? "for ever: the queue has no dead-letter queue"
      : `${facts.maxReceiveCount} times in all`;
  const settled = plan.reportBatchItemFailures
    ? "What the function lists as failed"
    : "Without --report-batch-item-failures every answer but an error deletes the whole batch. What fails";
  return `Calling the function with the messages of ${facts.arn}. ${settled} comes again ${again}, ${end}.`;
}
