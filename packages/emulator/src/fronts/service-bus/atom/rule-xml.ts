import type { PropertyType, PropertyValue } from "../engine/message-content.ts";
import type {
  CorrelationFilter,
  RuleFilter,
  RuleInfo,
  SqlAction,
  SqlFilter,
} from "../engine/rule-description.ts";
import { description } from "./description-xml.ts";
import { xml, type Xml } from "./xml-writer.ts";

const SCHEMA_NAMESPACE = "http://www.w3.org/2001/XMLSchema";
const SERIALIZATION_NAMESPACE = "http://schemas.microsoft.com/2003/10/Serialization/";
// The dialect that current clients write:
// https://learn.microsoft.com/dotnet/api/microsoft.servicebus.messaging.sqlfilter.compatibilitylevel (2026-11-29)
const COMPATIBILITY_LEVEL = "20";

/** Writes a `RuleDescription` with its filter and its action. */
export function ruleDescription(rule: RuleInfo, time: (engineMs: number) => string): Xml {
  return description("RuleDescription", [
    filterXml(rule.filter),
    actionXml(rule.action),
    xml("CreatedAt", {}, time(rule.createdAtMs)),
    xml("Name", {}, rule.name),
  ]);
}

function filterXml(filter: RuleFilter): Xml {
  switch (filter.kind) {
    case "sql":
      return sqlXml("Filter", "SqlFilter", filter);
    case "true":
      return sqlXml("Filter", "TrueFilter", { expression: "1=1", parameters: new Map() });
    case "false":
      return sqlXml("Filter", "FalseFilter", { expression: "1=0", parameters: new Map() });
    case "correlation":
      return correlationXml(filter);
  }
}

/** The element is required even if there is no action. */
function actionXml(action: SqlAction | undefined): Xml {
  if (action === undefined) return xml("Action", { "i:type": "EmptyRuleAction" });
  return sqlXml("Action", "SqlRuleAction", action);
}

function sqlXml(
  name: string,
  type: string,
  { expression, parameters }: Pick<SqlFilter, "expression" | "parameters">,
): Xml {
  return xml(name, { "i:type": type }, [
    xml("SqlExpression", {}, expression),
    xml("CompatibilityLevel", {}, COMPATIBILITY_LEVEL),
    pairsXml("Parameters", parameters),
  ]);
}

function correlationXml(filter: CorrelationFilter): Xml {
  const field = (name: string, value: string | undefined): Xml | undefined =>
    value === undefined ? undefined : xml(name, {}, value);
  return xml("Filter", { "i:type": "CorrelationFilter" }, [
    field("CorrelationId", filter.correlationId),
    field("MessageId", filter.messageId),
    field("To", filter.to),
    field("ReplyTo", filter.replyTo),
    field("Label", filter.label),
    field("SessionId", filter.sessionId),
    field("ReplyToSessionId", filter.replyToSessionId),
    field("ContentType", filter.contentType),
    pairsXml("Properties", filter.properties),
  ]);
}

function pairsXml(name: string, pairs: ReadonlyMap<string, PropertyValue>): Xml {
  const children = [...pairs].map(([key, value]) =>
    xml("KeyValueOfstringanyType", {}, [xml("Key", {}, key), valueXml(value)]),
  );
  return xml(name, {}, children);
}

const SCHEMA_TYPES: Readonly<Partial<Record<PropertyType, string>>> = {
  boolean: "boolean",
  byte: "byte",
  ubyte: "unsignedByte",
  short: "short",
  ushort: "unsignedShort",
  int: "int",
  uint: "unsignedInt",
  long: "long",
  ulong: "unsignedLong",
  float: "float",
  double: "double",
  timestamp: "dateTime",
};

/** The JavaScript client cuts five characters from the type, so the prefix must have four, plus the colon. */
function valueXml({ type, value }: PropertyValue): Xml {
  if (type === "uuid") {
    const attributes = { "xmlns:d6p1": SERIALIZATION_NAMESPACE, "i:type": "d6p1:guid" };
    return xml("Value", attributes, String(value));
  }
  const attributes = {
    "xmlns:d6p1": SCHEMA_NAMESPACE,
    "i:type": `d6p1:${SCHEMA_TYPES[type] ?? "string"}`,
  };
  return xml("Value", attributes, valueText(type, value));
}

function valueText(type: PropertyType, value: PropertyValue["value"]): string {
  if (type === "timestamp") return new Date(Number(value)).toISOString();
  if (value === Number.POSITIVE_INFINITY) return "INF";
  if (value === Number.NEGATIVE_INFINITY) return "-INF";
  return String(value);
}
