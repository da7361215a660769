import { createClient, defineQueue } from "@anyqueue/core";
import type { PubSub } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pubsub, type PubsubOptions } from "../src/index.ts";
import { rawServiceClient } from "./raw-sdk.ts";
import { GrpcError, ScriptedServer } from "./scripted-server.ts";

const orders = defineQueue("orders", { retry: { attempts: 5 } });

let server: ScriptedServer;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  server.close();
});

function serviceClient(): PubSub {
  const client = rawServiceClient(server.endpoint);
  open.push(client);
  return client;
}

/** The notices that `create` gives. */
async function noticesOf(
  of: ReturnType<typeof defineQueue>,
  options: PubsubOptions,
): Promise<readonly string[]> {
  const notices: string[] = [];
  const client = createClient("pubsub://shop", [pubsub(options)], {
    listener: { notice: ({ target, text }) => void notices.push(`${target}: ${text}`) },
  });
  await client.admin.create(of);
  await client.close();
  return notices;
}

test("a new dead-letter policy comes with the grants that it needs, by name", async () => {
  const [notice, ...others] = await noticesOf(orders, { client: serviceClient() });
  expect(others).toEqual([]);
  expect(notice).toMatch(/^pubsub:\/\/shop\/orders: Grant /u);
  expect(notice).toContain("roles/pubsub.publisher on projects/shop/topics/orders-dead");
  expect(notice).toContain("roles/pubsub.subscriber on projects/shop/subscriptions/orders");
  expect(notice).toContain("service-PROJECT_NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com");
  expect(notice).toContain("the number of project shop");
});

test("nothing is told where no policy is made", async () => {
  const plain = defineQueue("orders", { deadLetter: "none", retry: { attempts: "unlimited" } });
  expect(await noticesOf(plain, { client: serviceClient() })).toEqual([]);
});

test("nothing is told of a subscription that is there already: a start tells it", async () => {
  server.answer("CreateSubscription", () => new GrpcError(status.ALREADY_EXISTS, "it exists"));
  server.answer("GetSubscription", () => {
    const created = server.requests("CreateSubscription").at(-1);
    return created ?? {};
  });
  expect(await noticesOf(orders, { client: serviceClient() })).toEqual([]);
});

test("nothing is told on an emulator, which asks nobody for rights", async () => {
  expect(await noticesOf(orders, { endpoint: server.endpoint })).toEqual([]);
});
