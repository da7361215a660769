import type { QueueClient } from "@anyqueue/core";
import type { SpawnedEmulator } from "@anyqueue/emulator";
import { createHandler } from "@anyqueue/serverless";
import { sqsEvents } from "@anyqueue/sqs/lambda";
import { LambdaEnvironment } from "./lambda-environment.ts";
import { orders } from "./orders.ts";
import type { StartFleet } from "./run-burst.ts";

/** Concurrent handlers of each fleet: more than the payment provider accepts, so it is the bottleneck. */
const HANDLERS = 40;
/** Environments of the function, which share the handlers. */
const ENVIRONMENTS = 4;

/** One consumer that polls the queue. */
export function workerFleet(client: QueueClient): StartFleet {
  return async (handler) => {
    const consumer = client.consumer(orders, { concurrency: HANDLERS });
    const run = consumer.run(handler);
    return async () => {
      await consumer.close();
      await run;
    };
  };
}

/** A function behind an event source mapping, with at most `ENVIRONMENTS` events at once. */
export function lambdaFleet({ control }: SpawnedEmulator): StartFleet {
  return async (handler) => {
    const mapping = await control.mappings.create({
      queue: "orders",
      batchSize: 100,
      windowSeconds: 1,
      reportBatchItemFailures: true,
      maxConcurrency: ENVIRONMENTS,
      functionTimeoutMs: 20_000,
    });
    const environments = Array.from(
      { length: ENVIRONMENTS },
      () =>
        new LambdaEnvironment(
          mapping.environment["AWS_LAMBDA_RUNTIME_API"] ?? "",
          createHandler(orders, sqsEvents(), handler, { concurrency: HANDLERS / ENVIRONMENTS }),
        ),
    );
    return async () => {
      await Promise.all(environments.map(async (environment) => await environment.stop()));
      await control.mappings.delete(mapping.id);
    };
  };
}
