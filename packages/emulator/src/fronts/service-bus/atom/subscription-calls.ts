import type { AtomAnswer, AtomCall, AtomRequest } from "./atom-call.ts";
import { entityNotFound } from "./atom-error.ts";
import { DescriptionFields } from "./description-fields.ts";
import { readRule } from "./rule-wire.ts";
import { CLEARED_BY_UPDATE, readSubscriptionSettings } from "./settings-wire.ts";

const DEFAULT_RULE = "$Default";

/** Operations on one subscription. */
export function subscriptionCall(request: AtomRequest, topic: string, name: string): AtomCall {
  const { namespace, verb } = request;
  const entity = `${topic}/Subscriptions/${name}`;
  const run = (): AtomAnswer => {
    switch (verb) {
      case "Create":
      case "Update":
        return putSubscription(request, topic, name);
      case "Get":
        return getSubscription(request, topic, name);
      case "Delete":
        namespace.deleteSubscription(topic, name);
        return { status: 200, document: "" };
    }
  };
  return { operation: `${verb}Subscription`, entity, run };
}

function putSubscription(request: AtomRequest, topic: string, name: string): AtomAnswer {
  const { namespace, present, verb } = request;
  const fields = new DescriptionFields(request.description("SubscriptionDescription"));
  const settings = readSubscriptionSettings(fields);
  const defaultRule = fields.child("DefaultRuleDescription");
  const rule = defaultRule === undefined ? undefined : readRule(defaultRule, DEFAULT_RULE);
  const subscription =
    verb === "Create"
      ? namespace.createSubscription(topic, name, settings, rule)
      : namespace.updateSubscription(topic, name, { ...CLEARED_BY_UPDATE, ...settings });
  const document = present.entry(present.subscription(subscription));
  return { status: verb === "Create" ? 201 : 200, document };
}

function getSubscription({ namespace, present }: AtomRequest, topic: string, name: string): AtomAnswer {
  const subscription = namespace.subscription(topic, name);
  if (subscription === undefined) throw entityNotFound(`${topic}/Subscriptions/${name}`);
  return { status: 200, document: present.entry(present.subscription(subscription)) };
}
