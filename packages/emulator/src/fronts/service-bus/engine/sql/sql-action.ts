import type { MessageContent, MessageProperties, PropertyValue } from "../message-content.ts";
import { compileValue } from "./evaluate.ts";
import { ExpressionParser, type SqlParameters } from "./parser.ts";
import { sqlEvaluationError, sqlSyntaxError } from "./sql-error.ts";
import { checkLength } from "./sql-filter.ts";
import { propertyValueOf, type SqlValue } from "./sql-value.ts";
import type { PropertyName, StatementNode } from "./syntax.ts";
import { settableSystemProperty } from "./system-properties.ts";
import { TokenReader } from "./token-reader.ts";

type Action = (content: MessageContent) => MessageContent;

/**
 * Compiles an action: SET and REMOVE statements, each of which sees the effects of the previous ones.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-rule-action (2026-11-29)
 * Throws `com.microsoft:argument-error` with the position. The result may throw the same error on a message.
 */
export function compileSqlAction(expression: string, parameters: SqlParameters): Action {
  checkLength(expression);
  const tokens = new TokenReader(expression);
  const parser = new ExpressionParser(tokens, parameters);
  const statements = [compileStatement(readStatement(tokens, parser))];
  while (tokens.current.kind !== "end") statements.push(compileStatement(readStatement(tokens, parser)));
  return (content) => statements.reduce((changed, statement) => statement(changed), content);
}

function readStatement(tokens: TokenReader, parser: ExpressionParser): StatementNode {
  const isSet = tokens.takeKeyword("SET");
  if (!isSet) tokens.expectKeyword("REMOVE");
  const { position, text } = tokens.current;
  const property = parser.property();
  if (property.scope === "sys" && settableSystemProperty(property.name) === undefined)
    throw sqlSyntaxError(position, text, "The system property cannot be changed.");
  const statement: StatementNode = isSet ? readSet(tokens, parser, property) : { kind: "remove", property };
  while (tokens.takeSymbol(";"));
  return statement;
}

function readSet(tokens: TokenReader, parser: ExpressionParser, property: PropertyName): StatementNode {
  tokens.expectSymbol("=");
  return { kind: "set", property, value: parser.value() };
}

function compileStatement(node: StatementNode): Action {
  const { scope, name } = node.property;
  if (node.kind === "remove") {
    return scope === "sys" ? (content) => setSystem(content, name, null) : (content) => remove(content, name);
  }
  const value = compileValue(node.value);
  return scope === "sys"
    ? (content) => setSystem(content, name, value(content))
    : (content) => setUser(content, name, value(content));
}

function setUser(content: MessageContent, name: string, value: SqlValue): MessageContent {
  const properties = new Map<string, PropertyValue>(content.applicationProperties);
  properties.set(name, propertyValueOf(value));
  return content.with({ applicationProperties: properties });
}

function remove(content: MessageContent, name: string): MessageContent {
  if (!content.applicationProperties.has(name)) return content;
  const properties = new Map<string, PropertyValue>(content.applicationProperties);
  properties.delete(name);
  return content.with({ applicationProperties: properties });
}

function setSystem(content: MessageContent, name: string, value: SqlValue): MessageContent {
  const member = settableSystemProperty(name);
  if (member === undefined) throw sqlEvaluationError(`The system property '${name}' cannot be changed.`);
  const properties: Partial<MessageProperties> = { [member]: textOf(name, value) };
  return content.with({ properties });
}

function textOf(name: string, value: SqlValue): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw sqlEvaluationError(`The system property '${name}' takes text.`);
}
