import type { Deployment } from "./deployment.ts";

const MIN_LOCK_S = 60;
/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-29) */
const MAX_LOCK_S = 300;

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration (2026-11-29) */
export const RECEIVER_ROLE = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0";
export const RECEIVER_ROLE_NAME = "Azure Service Bus Data Receiver";

/** The function's timeout, up to the longest lock. Beyond that the host or the engine renews the lock. */
function lockS({ timeoutS }: Deployment): number {
  return Math.min(MAX_LOCK_S, Math.max(MIN_LOCK_S, timeoutS));
}

/** What the event source must be told, because the host passes on neither. */
export function sourceRemark(deployment: Deployment): string {
  return `In the function: functionsEvents({ functionTimeout: "${deployment.timeoutS}s", lockDuration: "${lockS(deployment)}s" }).`;
}

/** ISO 8601, the format of Service Bus. */
function isoSeconds(seconds: number): string {
  return seconds % 60 === 0 ? `PT${seconds / 60}M` : `PT${seconds}S`;
}

/**
 * The resource manager's form of a queue or topic name: a slash would separate two resources.
 * https://github.com/Azure/azure-resource-manager-schemas/issues/230 (2026-11-30)
 */
export function resourceName(name: string): string {
  return name.replaceAll("/", "~");
}

/** Settings of the queue or subscription. */
export interface EntitySettings {
  readonly lockDuration: string;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
  readonly deadLetteringOnMessageExpiration: true;
}

export function entitySettings(deployment: Deployment): EntitySettings {
  return {
    lockDuration: isoSeconds(lockS(deployment)),
    maxDeliveryCount: deployment.maxDeliveries,
    requiresSession: deployment.isOrdered,
    deadLetteringOnMessageExpiration: true,
  };
}
