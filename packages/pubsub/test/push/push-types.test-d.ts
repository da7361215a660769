import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { defineQueue } from "@anyqueue/core";
import { createBatchHandler, createHandler } from "@anyqueue/serverless";
import type { CloudEvent, CloudEventFunction, HttpFunction } from "@google-cloud/functions-framework";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { nodePushRequests, pubsubEvents, pushRequests, type PubsubCloudEvent } from "../../src/push.ts";
import { pubsubEvent, pushRequest } from "../../src/testing.ts";
import type { MessagePublishedData } from "./recorded-pushes.ts";

const orders = defineQueue("orders", { schema: z.object({ orderId: z.string(), total: z.coerce.number() }) });
const ACCOUNT = { audience: "a", serviceAccount: "b" };

test("what createHandler makes is what servers and frameworks ask for", () => {
  const push = createHandler(orders, pushRequests(ACCOUNT), (message) => {
    expectTypeOf(message.body).toEqualTypeOf<{ orderId: string; total: number }>();
  });
  expectTypeOf(push).toEqualTypeOf<(request: Request) => Promise<Response>>();
  const node = createHandler(orders, nodePushRequests(ACCOUNT), () => {});
  expectTypeOf(node).toExtend<RequestListener>();
  expectTypeOf(node).toExtend<(request: IncomingMessage, response: ServerResponse) => unknown>();
  expectTypeOf(node).toExtend<HttpFunction>();
  const event = createBatchHandler(orders, pubsubEvents({ trustPlatform: true }), async () => {});
  expectTypeOf(event).toExtend<CloudEventFunction<MessagePublishedData>>();
  expectTypeOf(event).toBeCallableWith({} as CloudEvent<MessagePublishedData>);
});

test("who may call has to be said", () => {
  // @ts-expect-error neither audience nor trustPlatform
  pushRequests({});
  // @ts-expect-error an audience alone proves nothing
  pushRequests({ audience: "a" });
  // @ts-expect-error one of both
  pushRequests({ ...ACCOUNT, trustPlatform: true });
  // @ts-expect-error the platform has to be trusted
  pubsubEvents({});
  expectTypeOf(pushRequests).toBeCallableWith({ trustPlatform: true });
});

test("what is built is what comes", () => {
  expectTypeOf(pushRequest(orders, { body: { orderId: "o", total: "1" } })).toEqualTypeOf<Request>();
  expectTypeOf(pubsubEvent(orders, { body: { orderId: "o", total: 1 } })).toExtend<PubsubCloudEvent>();
  // @ts-expect-error the body is not the definition's
  pushRequest(orders, { body: { orderId: 1 } });
});
