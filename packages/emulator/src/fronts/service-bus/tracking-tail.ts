import { randomUUID } from "node:crypto";

/** What the service puts behind every text of an error, for its support. Times are the clients'. */
export function trackingTail(entity: string, nowMs: number): string {
  const timestamp = new Date(Math.round(nowMs)).toISOString().slice(0, 19);
  return ` TrackingId:${randomUUID()}_G0, SystemTracker:${entity}, Timestamp:${timestamp}`;
}
