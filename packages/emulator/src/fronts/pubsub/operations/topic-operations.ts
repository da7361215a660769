import type { PubsubRequests } from "../grpc/pubsub-wire.ts";
import { checkProjectName } from "../engine/resource-name.ts";
import { invalidArgument } from "../pubsub-error.ts";
import type { Operation } from "./operation.ts";
import { pageOf } from "./page.ts";

export const createTopic: Operation<PubsubRequests["CreateTopic"]> = (request, { engine }) =>
  engine.topics.create(request).resource;

export const getTopic: Operation<PubsubRequests["GetTopic"]> = ({ topic }, { engine }) =>
  engine.topics.get(topic).resource;

export const updateTopic: Operation<PubsubRequests["UpdateTopic"]> = ({ topic, updateMask }, { engine }) => {
  if (topic === null) throw invalidArgument("The UpdateTopicRequest must have a topic.");
  return engine.topics.update(topic, updateMask?.paths ?? []).resource;
};

export const publish: Operation<PubsubRequests["Publish"]> = ({ topic, messages }, { engine }) => ({
  messageIds: engine.publish(topic, messages),
});

export const listTopics: Operation<PubsubRequests["ListTopics"]> = (request, { engine }) => {
  checkProjectName(request.project);
  const topics = engine.topics.all().filter(({ name }) => name.startsWith(`${request.project}/`));
  const { items, nextPageToken } = pageOf(topics, ({ name }) => name, request);
  return { topics: items.map(({ resource }) => resource), nextPageToken };
};

export const listTopicSubscriptions: Operation<PubsubRequests["ListTopicSubscriptions"]> = (
  request,
  { engine },
) => {
  const { name } = engine.topics.get(request.topic);
  const names = engine.subscriptions.of(name).map((subscription) => subscription.name);
  const { items, nextPageToken } = pageOf(names, (item) => item, request);
  return { subscriptions: items, nextPageToken };
};

export const listTopicSnapshots: Operation<PubsubRequests["ListTopicSnapshots"]> = (request, { engine }) => {
  const { name } = engine.topics.get(request.topic);
  const names = engine.snapshots
    .all()
    .filter((snapshot) => snapshot.topic === name)
    .map((snapshot) => snapshot.name);
  const { items, nextPageToken } = pageOf(names, (item) => item, request);
  return { snapshots: items, nextPageToken };
};

export const deleteTopic: Operation<PubsubRequests["DeleteTopic"]> = ({ topic }, { engine, policies }) => {
  engine.deleteTopic(topic);
  policies.forget(topic);
  return {};
};

export const detachSubscription: Operation<PubsubRequests["DetachSubscription"]> = (
  { subscription },
  { engine },
) => {
  engine.subscriptions.detach(subscription);
  return {};
};
