import type { MessageContent, MessageProperties, PropertyValue } from "./message-content.ts";
import type { CorrelationFilter } from "./rule-description.ts";
import { compareSql, sqlValueOf } from "./sql/sql-value.ts";

const MEMBERS = [
  ["correlationId", "correlationId"],
  ["messageId", "messageId"],
  ["to", "to"],
  ["replyTo", "replyTo"],
  ["label", "subject"],
  ["sessionId", "sessionId"],
  ["replyToSessionId", "replyToSessionId"],
  ["contentType", "contentType"],
] as const satisfies readonly (readonly [keyof CorrelationFilter, keyof MessageProperties])[];

/**
 * Every member of the filter must be present and equal, case-sensitively. Numbers are compared by value, and
 * text never equals a number.
 * https://learn.microsoft.com/azure/service-bus-messaging/topic-filters (2026-11-29)
 */
export function compileCorrelationFilter(filter: CorrelationFilter): (content: MessageContent) => boolean {
  const system = MEMBERS.filter(([member]) => filter[member] !== undefined);
  const user = [...filter.properties];
  return (content) =>
    system.every(([member, property]) => content.properties[property] === filter[member]) &&
    user.every(([name, value]) => isSame(content.applicationProperties.get(name), value));
}

function isSame(actual: PropertyValue | undefined, expected: PropertyValue): boolean {
  return actual !== undefined && compareSql("=", sqlValueOf(actual), sqlValueOf(expected)) === true;
}
