import type { Deployment } from "./deployment.ts";
import { jsonFile, type GeneratedFile } from "./generated-file.ts";

/** The host's settings: parallel calls, timeout, and that the function settles its messages itself. */
export function hostJson({ timeoutS, concurrency, batchSize }: Deployment): GeneratedFile {
  const timeout = clockTime(timeoutS);
  return jsonFile("host.json", "json", {
    version: "2.0",
    functionTimeout: timeout,
    extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.*, 5.0.0)" },
    extensions: {
      serviceBus: {
        // A call handles one message or one session at a time; more would wait with their locks running.
        maxConcurrentCalls: concurrency,
        maxConcurrentSessions: concurrency,
        maxMessageBatchSize: batchSize,
        maxAutoLockRenewalDuration: timeout,
      },
    },
  });
}

/**
 * "hh:mm:ss", with days in front if there are any: "24:00:00" would mean 24 days.
 * https://learn.microsoft.com/dotnet/fundamentals/runtime-libraries/system-timespan-parse (2026-11-30)
 */
function clockTime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const parts = [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const time = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return days > 0 ? `${days}.${time}` : time;
}
