import { QueueError } from "@anyqueue/core/adapter";
import type { SQSClient } from "@aws-sdk/client-sqs";

/** The oldest release that passes the tests; the peer range begins with it. */
export const OLDEST_SDK = "3.726.1";

/**
 * Explains a TypeError from inside the SDK ("options.md5 is not a constructor"), which may only be too old.
 * Asked after a failure, so that the usual call costs nothing.
 */
export async function tooOld(client: SQSClient, cause: unknown): Promise<QueueError | undefined> {
  if (!(cause instanceof TypeError)) return undefined;
  // An application's own client may have no such source, which must not hide the failure.
  const agent = await client.config.defaultUserAgentProvider?.().catch(() => []);
  const [[, version = OLDEST_SDK] = []] = agent ?? [];
  if (version.localeCompare(OLDEST_SDK, "en", { numeric: true }) >= 0) return undefined;
  return new QueueError("INVALID_ARGUMENT", {
    what: `@aws-sdk/client-sqs ${version} is too old: ${cause.message}`,
    remedy: `Install ${OLDEST_SDK} or newer: npm install @aws-sdk/client-sqs@latest`,
    provider: "sqs",
    cause,
  });
}
