import { unloadable } from "@anyqueue/core/adapter";
import type * as AzureSdk from "@azure/service-bus";
import { PROVIDER } from "./refusal.ts";

export type Sdk = typeof AzureSdk;

/** Loads the SDK on its first use. @throws INVALID_ARGUMENT if it is not installed */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@azure/service-bus");
  } catch (error) {
    throw unloadable("@azure/service-bus", error, { provider: PROVIDER });
  }
}
