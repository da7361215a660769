import type { SubscriptionEntity } from "../engine/contract.ts";
import type { AtomAnswer, AtomCall, AtomRequest } from "./atom-call.ts";
import { badRequest, entityNotFound } from "./atom-error.ts";
import { readRule } from "./rule-wire.ts";

/** The location of a rule. */
interface RulePlace {
  readonly topic: string;
  readonly subscription: string;
  readonly name: string;
}

/** Operations on one rule. */
export function ruleCall(request: AtomRequest, { topic, subscription, name }: RulePlace): AtomCall {
  const { namespace, verb } = request;
  const entity = `${topic}/Subscriptions/${subscription}`;
  const run = (): AtomAnswer => {
    const owner = namespace.subscription(topic, subscription);
    if (owner === undefined) throw entityNotFound(entity);
    switch (verb) {
      case "Create":
      case "Update":
        return putRule(request, owner, name);
      case "Get":
        return getRule(request, owner, name);
      case "Delete":
        owner.removeRule(name);
        return { status: 200, document: "" };
    }
  };
  return { operation: `${verb}Rule`, entity, run };
}

function putRule(request: AtomRequest, owner: SubscriptionEntity, name: string): AtomAnswer {
  const { present, verb } = request;
  const rule = readRule(request.description("RuleDescription"), name);
  if (rule.name.toLowerCase() !== name.toLowerCase())
    throw badRequest(`The body describes the rule '${rule.name}', the address names '${name}'.`);
  const written = verb === "Create" ? owner.addRule(rule) : owner.updateRule(rule);
  return { status: verb === "Create" ? 201 : 200, document: present.entry(present.rule(owner, written)) };
}

function getRule({ present }: AtomRequest, owner: SubscriptionEntity, name: string): AtomAnswer {
  const rule = owner.rules().find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (rule === undefined)
    throw entityNotFound(`${owner.topicName}/Subscriptions/${owner.name}/Rules/${name}`);
  return { status: 200, document: present.entry(present.rule(owner, rule)) };
}
