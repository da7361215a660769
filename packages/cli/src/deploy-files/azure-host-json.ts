import type { Deployment } from "./deployment.ts";
import { jsonFile, type GeneratedFile } from "./generated-file.ts";

/** The host's part: how many calls at once, how long, and that the function settles its messages itself. */
export function hostJson({ timeoutS, concurrency, batchSize }: Deployment): GeneratedFile {
  const timeout = clockTime(timeoutS);
  return jsonFile("host.json", "json", {
    version: "2.0",
    functionTimeout: timeout,
    extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.*, 5.0.0)" },
    extensions: {
      serviceBus: {
        // One message, or one session, per call is handled at a time; more would wait with its lock.
        maxConcurrentCalls: concurrency,
        maxConcurrentSessions: concurrency,
        maxMessageBatchSize: batchSize,
        maxAutoLockRenewalDuration: timeout,
      },
    },
  });
}

/** "hh:mm:ss" */
function clockTime(seconds: number): string {
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
