// Exports without type annotations: to write declarations, a compiler must name all types by public entries.

import { createClient, deadLetters, defineQueue, defineTopic, idempotency, route } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { memory, testQueues } from "@anyqueue/memory";
import { nodePushRequests, pubsubEvents, pushRequests } from "@anyqueue/pubsub/push";
import { createHandler } from "@anyqueue/serverless";
import { serviceBus } from "@anyqueue/service-bus";
import { functionsEvents } from "@anyqueue/service-bus/azure-functions";
import { sqs } from "@anyqueue/sqs";
import { sqsEvents } from "@anyqueue/sqs/lambda";

export const jobs = defineQueue<{ readonly kind: "a" | "b" }>("jobs");
export const topic = defineTopic<{ readonly kind: "a" | "b" }>("topic");
export const subscription = topic.subscription("subscription");
export const dead = deadLetters(jobs);
export const routes = route(jobs, "kind", { a: () => {}, b: () => {} });
export const client = createClient("memory:", [memory(), sqs(), serviceBus()]);
export const connecting = connect;
export const producer = client.producer(jobs);
export const consumer = client.consumer(subscription);
export const queues = testQueues;
export const middleware = idempotency;
export const lambda = sqsEvents();
export const functions = functionsEvents();
export const pushes = pushRequests({ trustPlatform: true });
export const posts = nodePushRequests({ trustPlatform: true });
export const events = pubsubEvents({ trustPlatform: true });
export const onBatch = createHandler(jobs, lambda, () => {});
export const onInvocation = createHandler(jobs, functions, () => {});
export const onPush = createHandler(jobs, pushes, () => {});
