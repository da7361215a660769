import { invalidArgument } from "../pubsub-error.ts";
import type { PushConfig } from "./resources.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Returns null for an empty config, which means pull. Throws on endpoints that the emulator refuses. */
export function checkPushConfig(config: PushConfig | null): PushConfig | null {
  if (config === null || config.pushEndpoint === "") return null;
  const { pushEndpoint } = config;
  const url = URL.canParse(pushEndpoint) ? new URL(pushEndpoint) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw invalidArgument(
      `Invalid push endpoint given (endpoint=${pushEndpoint}). Refer to https://cloud.google.com/pubsub/docs/subscriber#create for more information.`,
    );
  }
  // Test data must not leave the machine because of a setting copied from production.
  if (!LOOPBACK.test(url.hostname)) {
    throw invalidArgument(`The emulator pushes to loopback addresses only (endpoint=${pushEndpoint}).`);
  }
  return config;
}
