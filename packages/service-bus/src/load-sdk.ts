import { QueueError } from "@anyqueue/core/adapter";
import type * as AzureSdk from "@azure/service-bus";
import { PROVIDER } from "./refusal.ts";

export type Sdk = typeof AzureSdk;

/** The SDK, with its first use. @throws INVALID_ARGUMENT if it is not installed */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@azure/service-bus");
  } catch (error) {
    throw new QueueError("INVALID_ARGUMENT", {
      what: "the package @azure/service-bus cannot be loaded",
      remedy: "Run: npm install @azure/service-bus",
      provider: PROVIDER,
      cause: error,
    });
  }
}
