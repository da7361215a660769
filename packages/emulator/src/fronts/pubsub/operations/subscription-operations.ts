import type { PubsubRequests } from "../grpc/pubsub-wire.ts";
import { checkProjectName } from "../engine/resource-name.ts";
import type { SubscriptionResource } from "../engine/resources.ts";
import type { Subscription } from "../engine/subscription.ts";
import { invalidArgument } from "../pubsub-error.ts";
import type { Operation, OperationContext } from "./operation.ts";
import { pageOf } from "./page.ts";

export const createSubscription: Operation<PubsubRequests["CreateSubscription"]> = (request, context) =>
  describe(context.engine.subscriptions.create(request), context);

export const getSubscription: Operation<PubsubRequests["GetSubscription"]> = ({ subscription }, context) =>
  describe(context.engine.subscriptions.get(subscription), context);

export const updateSubscription: Operation<PubsubRequests["UpdateSubscription"]> = (
  { subscription, updateMask },
  context,
) => {
  if (subscription === null) {
    throw invalidArgument("The UpdateSubscriptionRequest must have a subscription.");
  }
  return describe(context.engine.subscriptions.update(subscription, updateMask?.paths ?? []), context);
};

export const listSubscriptions: Operation<PubsubRequests["ListSubscriptions"]> = (request, context) => {
  checkProjectName(request.project);
  const all = context.engine.subscriptions.all().filter(({ name }) => name.startsWith(`${request.project}/`));
  const { items, nextPageToken } = pageOf(all, ({ name }) => name, request);
  return { subscriptions: items.map((subscription) => describe(subscription, context)), nextPageToken };
};

export const deleteSubscription: Operation<PubsubRequests["DeleteSubscription"]> = (
  { subscription },
  { engine, policies },
) => {
  engine.subscriptions.delete(subscription);
  policies.forget(subscription);
  return {};
};

export const modifyPushConfig: Operation<PubsubRequests["ModifyPushConfig"]> = (request, { engine }) => {
  const subscription = engine.subscriptions.get(request.subscription);
  engine.subscriptions.replace(subscription, { ...subscription.resource, pushConfig: request.pushConfig });
  return {};
};

/** Adds the topic's retention, which only the topic knows. */
function describe(subscription: Subscription, { engine }: OperationContext): SubscriptionResource {
  const topic = engine.topics.find(subscription.resource.topic);
  return {
    ...subscription.resource,
    topicMessageRetentionDuration: topic?.resource.messageRetentionDuration ?? null,
  };
}
