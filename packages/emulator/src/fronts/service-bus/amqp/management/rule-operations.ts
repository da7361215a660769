import { list, map } from "../transport/amqp-value.ts";
import { entry } from "../links/request-reply.ts";
import type { ManagementContext, ManagementResult } from "./management-operation.ts";
import { encodeRule, readRule } from "./rule-wire.ts";
import { AmqpRefusal } from "../amqp-errors.ts";

export function addRule({ namespace, path, body }: ManagementContext): ManagementResult {
  const description = body.nested("rule-description");
  if (description === undefined) {
    throw new AmqpRefusal("com.microsoft:argument-error", "The argument 'rule-description' is missing.");
  }
  namespace.findSubscription(path).addRule(readRule(body.text("rule-name"), description));
  return [];
}

export function removeRule({ namespace, path, body }: ManagementContext): ManagementResult {
  namespace.findSubscription(path).removeRule(body.text("rule-name"));
  return [];
}

export function listRules({ namespace, path, body, wireTime }: ManagementContext): ManagementResult {
  const skip = body.optionalNumber("skip") ?? 0;
  const rules = namespace
    .findSubscription(path)
    .rules()
    .slice(skip, skip + (body.optionalNumber("top") ?? Number.MAX_SAFE_INTEGER));
  if (rules.length === 0) return "none";
  const described = rules.map((rule) =>
    map([entry("rule-description", encodeRule(rule, wireTime.toWireMs(rule.createdAtMs)))]),
  );
  return [entry("rules", list(described))];
}
