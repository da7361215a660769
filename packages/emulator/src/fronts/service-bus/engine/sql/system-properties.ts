import type { MessageProperties } from "../message-content.ts";
import type { SqlValue } from "./sql-value.ts";

type TextMember = Exclude<keyof MessageProperties, "timeToLiveMs" | "scheduledAtMs">;

/**
 * Names after `sys.`, in lower case because they are compared case-insensitively.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter (2026-11-29)
 */
const TEXT_MEMBERS: ReadonlyMap<string, TextMember> = new Map([
  ["messageid", "messageId"],
  ["correlationid", "correlationId"],
  ["to", "to"],
  ["replyto", "replyTo"],
  ["label", "subject"],
  ["subject", "subject"],
  ["contenttype", "contentType"],
  ["sessionid", "sessionId"],
  ["replytosessionid", "replyToSessionId"],
  ["partitionkey", "partitionKey"],
]);

const SCHEDULED_AT = "scheduledenqueuetimeutc";

export function isSystemProperty(name: string): boolean {
  const key = name.toLowerCase();
  return TEXT_MEMBERS.has(key) || key === SCHEDULED_AT;
}

/** `name` is in lower case. Returns NULL if the sender gave no value. */
export function readSystemProperty(properties: MessageProperties, name: string): SqlValue {
  const member = TEXT_MEMBERS.get(name);
  if (member !== undefined) return properties[member] ?? null;
  return properties.scheduledAtMs === undefined ? null : new Date(properties.scheduledAtMs);
}

/** Returns the text member that an action may set under this lower-case name. */
export function settableSystemProperty(name: string): TextMember | undefined {
  return TEXT_MEMBERS.get(name);
}
