import type { QueueError } from "@anyqueue/core/adapter";
import type { ServiceBusClient } from "@azure/service-bus";
import { field } from "./field.ts";
import { invalid } from "./refusal.ts";

/** The oldest release that passes the tests; the peer range begins with it. */
export const OLDEST_SDK = "7.9.4";

/**
 * Refuses a client of an older SDK, of which some hang and others lose a long life. The release is in what
 * the client tells the service; if it is not found there, nothing is refused.
 * @throws INVALID_ARGUMENT
 */
export function ofKnownSdk(client: ServiceBusClient): ServiceBusClient {
  const connection = field(field(client, "_connectionContext"), "connection");
  const version = field(field(field(connection, "options"), "properties"), "version");
  if (typeof version !== "string" || version.localeCompare(OLDEST_SDK, "en", { numeric: true }) >= 0)
    return client;
  throw tooOld(version);
}

export function tooOld(version = ""): QueueError {
  return invalid(
    `@azure/service-bus ${version} is too old`.replace("  ", " "),
    `Install ${OLDEST_SDK} or newer: npm install @azure/service-bus@latest`,
  );
}
