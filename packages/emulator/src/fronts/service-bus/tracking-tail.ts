import { randomUUID } from "node:crypto";

/** The text that the service appends to every error for its support. The time is the clients'. */
export function trackingTail(entity: string, nowMs: number): string {
  const timestamp = new Date(Math.round(nowMs)).toISOString().slice(0, 19);
  return ` TrackingId:${randomUUID()}_G0, SystemTracker:${entity}, Timestamp:${timestamp}`;
}
