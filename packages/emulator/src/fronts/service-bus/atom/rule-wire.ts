import type { PropertyType, PropertyValue } from "../engine/message-content.ts";
import type { RuleDescription, RuleFilter, SqlAction } from "../engine/rule-description.ts";
import { badRequest } from "./atom-error.ts";
import { DescriptionFields } from "./description-fields.ts";
import { INSTANCE_NAMESPACE } from "./description-xml.ts";
import { splitName, type XmlElement } from "./xml-reader.ts";

/** Reads a `RuleDescription`, or the `DefaultRuleDescription` of a subscription. */
export function readRule(element: XmlElement, fallbackName: string): RuleDescription {
  const fields = new DescriptionFields(element);
  const filter = fields.child("Filter");
  const action = fields.child("Action");
  return {
    name: fields.text("Name")?.trim() || fallbackName,
    filter: filter === undefined ? { kind: "true" } : readFilter(filter),
    action: action === undefined ? undefined : readAction(action),
  };
}

function readFilter(element: XmlElement): RuleFilter {
  const kind = typeName(element);
  const fields = new DescriptionFields(element);
  switch (kind) {
    case "SqlFilter":
      return {
        kind: "sql",
        expression: requiredExpression(fields),
        parameters: readPairs(fields.child("Parameters")),
      };
    case "TrueFilter":
      return { kind: "true" };
    case "FalseFilter":
      return { kind: "false" };
    case "CorrelationFilter":
      return {
        kind: "correlation",
        correlationId: fields.text("CorrelationId"),
        messageId: fields.text("MessageId"),
        to: fields.text("To"),
        replyTo: fields.text("ReplyTo"),
        label: fields.text("Label"),
        sessionId: fields.text("SessionId"),
        replyToSessionId: fields.text("ReplyToSessionId"),
        contentType: fields.text("ContentType"),
        properties: readPairs(fields.child("Properties")),
      };
    default:
      throw badRequest(`A filter of type '${kind}' is not known.`);
  }
}

function readAction(element: XmlElement): SqlAction | undefined {
  const kind = typeName(element);
  if (kind === "EmptyRuleAction") return undefined;
  if (kind !== "SqlRuleAction") throw badRequest(`An action of type '${kind}' is not known.`);
  const fields = new DescriptionFields(element);
  return { expression: requiredExpression(fields), parameters: readPairs(fields.child("Parameters")) };
}

function requiredExpression(fields: DescriptionFields): string {
  const expression = fields.text("SqlExpression");
  if (expression === undefined) throw badRequest("SqlExpression is missing.");
  return expression;
}

/** Local name in the `type` attribute, whichever prefix its writer chose. */
function typeName(element: XmlElement): string {
  for (const [name, value] of element.attributes) {
    const [prefix, local] = splitName(name);
    if (local !== "type" || element.resolvePrefix(prefix) !== INSTANCE_NAMESPACE) continue;
    return splitName(value.trim())[1];
  }
  throw badRequest(`Element ${element.name} has no type attribute.`);
}

function readPairs(element: XmlElement | undefined): ReadonlyMap<string, PropertyValue> {
  const pairs = new Map<string, PropertyValue>();
  for (const pair of element?.children ?? []) {
    const fields = new DescriptionFields(pair);
    const key = fields.text("Key");
    const value = fields.child("Value");
    if (key === undefined || value === undefined)
      throw badRequest(`${element?.name ?? ""} must hold pairs of Key and Value.`);
    if (pairs.has(key)) throw badRequest(`Key '${key}' appears twice.`);
    pairs.set(key, readTypedValue(value, key));
  }
  return pairs;
}

const INTEGER_TYPES: Readonly<Record<string, PropertyType>> = {
  byte: "byte",
  unsignedByte: "ubyte",
  short: "short",
  unsignedShort: "ushort",
  int: "int",
  unsignedInt: "uint",
  long: "long",
  unsignedLong: "ulong",
};
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

function readTypedValue(element: XmlElement, key: string): PropertyValue {
  const type = typeName(element);
  const { text } = element;
  const trimmed = text.trim();
  const integer = INTEGER_TYPES[type];
  if (integer !== undefined && /^[+-]?[0-9]{1,20}$/u.test(trimmed)) {
    const exact = BigInt(trimmed.replace("+", ""));
    return { type: integer, value: BigInt(Number(exact)) === exact ? Number(exact) : exact };
  }
  if (type === "string") return { type: "string", value: text };
  if (type === "boolean" && /^(?:true|false|0|1)$/u.test(trimmed))
    return { type: "boolean", value: trimmed === "true" || trimmed === "1" };
  if ((type === "double" || type === "float") && isNumber(trimmed))
    return { type, value: readNumber(trimmed) };
  if (type === "dateTime" && !Number.isNaN(Date.parse(trimmed)))
    return { type: "timestamp", value: Date.parse(trimmed) };
  if (type === "guid" && GUID.test(trimmed)) return { type: "uuid", value: trimmed.toLowerCase() };
  throw badRequest(
    `The value '${text}' of property '${key}' is not a valid ${type}, or that type is not known.`,
  );
}

/**
 * XML has its own spelling of the special numbers: https://www.w3.org/TR/xmlschema-2/#double (2026-11-29).
 */
const SPECIAL_NUMBERS: Readonly<Record<string, number>> = {
  INF: Number.POSITIVE_INFINITY,
  "-INF": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

function isNumber(text: string): boolean {
  return text in SPECIAL_NUMBERS || /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/iu.test(text);
}

function readNumber(text: string): number {
  return SPECIAL_NUMBERS[text] ?? Number(text);
}
