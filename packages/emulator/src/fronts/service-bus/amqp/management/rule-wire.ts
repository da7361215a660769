import type {
  CorrelationFilter,
  RuleDescription,
  RuleFilter,
  RuleInfo,
  SqlAction,
} from "../../engine/rule-description.ts";
import { propertiesMap, propertiesOf } from "../message/property-values.ts";
import { composite, optional, string, timestamp, type AmqpValue } from "../transport/amqp-value.ts";
import type { RequestBody } from "./request-body.ts";

// Descriptors of a rule's parts.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response (2026-11-29)
const RULE = 0x1_37_00_00_00_04n;
const EMPTY_ACTION = 0x1_37_00_00_00_05n;
const SQL_ACTION = 0x1_37_00_00_00_06n;
const SQL_FILTER = 0x13_70_00_00_06n;
const TRUE_FILTER = 0x13_70_00_00_07n;
const FALSE_FILTER = 0x13_70_00_00_08n;
const CORRELATION_FILTER = 0x13_70_00_00_09n;

export function readRule(name: string, description: RequestBody): RuleDescription {
  return { name, filter: readFilter(description), action: readAction(description) };
}

function readFilter(description: RequestBody): RuleFilter {
  const correlation = description.nested("correlation-filter");
  if (correlation !== undefined) return readCorrelation(correlation);
  const sql = description.nested("sql-filter");
  if (sql !== undefined) return { kind: "sql", expression: sql.text("expression"), parameters: new Map() };
  return { kind: description.value("false-filter") === undefined ? "true" : "false" };
}

function readCorrelation(filter: RequestBody): CorrelationFilter {
  return {
    kind: "correlation",
    correlationId: filter.optionalText("correlation-id"),
    messageId: filter.optionalText("message-id"),
    to: filter.optionalText("to"),
    replyTo: filter.optionalText("reply-to"),
    label: filter.optionalText("label"),
    sessionId: filter.optionalText("session-id"),
    replyToSessionId: filter.optionalText("reply-to-session-id"),
    contentType: filter.optionalText("content-type"),
    properties: propertiesOf(filter.value("properties")),
  };
}

function readAction(description: RequestBody): SqlAction | undefined {
  const expression = description.nested("sql-rule-action")?.optionalText("expression");
  return expression === undefined || expression === "" ? undefined : { expression, parameters: new Map() };
}

/** Writes filter, action, name and time of creation. */
export function encodeRule({ filter, action, name }: RuleInfo, createdAtWireMs: number): AmqpValue {
  return composite(RULE, [
    encodeFilter(filter),
    action === undefined ? composite(EMPTY_ACTION, []) : composite(SQL_ACTION, [string(action.expression)]),
    string(name),
    timestamp(createdAtWireMs),
  ]);
}

function encodeFilter(filter: RuleFilter): AmqpValue {
  switch (filter.kind) {
    case "true":
      return composite(TRUE_FILTER, []);
    case "false":
      return composite(FALSE_FILTER, []);
    case "sql":
      return composite(SQL_FILTER, [string(filter.expression)]);
    case "correlation":
      return composite(CORRELATION_FILTER, [
        optional(filter.correlationId, string),
        optional(filter.messageId, string),
        optional(filter.to, string),
        optional(filter.replyTo, string),
        optional(filter.label, string),
        optional(filter.sessionId, string),
        optional(filter.replyToSessionId, string),
        optional(filter.contentType, string),
        propertiesMap(filter.properties),
      ]);
  }
}
