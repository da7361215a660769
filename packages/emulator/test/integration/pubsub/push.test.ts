import { OAuth2Client } from "google-auth-library";
import { describe, expect, test } from "vitest";
import { startPushEndpoint } from "../../support/push-endpoint.ts";
import { until } from "../../support/running-emulator.ts";
import {
  BUDGET,
  failureOf,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  subscriptionName,
  topicName,
  type RunningPubsub,
} from "../../support/running-pubsub.ts";

const NAME = subscriptionName("orders-sub");

describe.each(PUBSUB_LIBRARIES)("push, with the client $version", (library) => {
  test("a message is posted in its wrapper, and an answer of 204 acknowledges it", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    const { topic } = await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    const messages = [{ data: Buffer.from("hello"), attributes: { kind: "new" }, orderingKey: "k" }];
    const [{ messageIds }] = await running.publisher.publish({ topic, messages });
    await until(() => open(running) === 0);
    const [request] = endpoint.requests;
    expect(request?.headers["content-type"]).toBe("application/json");
    const { message, subscription, ...rest } = JSON.parse(request?.body ?? "");
    expect(subscription).toBe(NAME);
    expect(rest).toEqual({});
    expect(message).toEqual({
      data: Buffer.from("hello").toString("base64"),
      attributes: { kind: "new" },
      messageId: messageIds?.[0],
      message_id: messageIds?.[0],
      publishTime: message.publish_time,
      publish_time: message.publish_time,
      orderingKey: "k",
    });
    expect(Math.abs(Date.parse(message.publishTime) - Date.now())).toBeLessThan(10_000);
  });

  test("the delivery attempt is included if a dead-letter policy counts it", async () => {
    const running = await runPubsub(library);
    await running.publisher.createTopic({ name: topicName("dead") });
    const endpoint = await startPushEndpoint([500, 500, 200]);
    await running.createPair({
      pushConfig: { pushEndpoint: endpoint.url },
      deadLetterPolicy: { deadLetterTopic: topicName("dead") },
    });
    await running.publish("a");
    await until(() => open(running) === 0);
    expect(endpoint.requests.map(({ body }) => JSON.parse(body).deliveryAttempt)).toEqual([1, 2, 3]);
  });

  test.each([200, 201, 202, 204])("an answer of %i acknowledges", async (status) => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint([status]);
    await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    await running.publish("a");
    await until(() => open(running) === 0);
    expect(endpoint.requests).toHaveLength(1);
  });

  test.each([203, 302, 400, 404, 429, 503])("an answer of %i leads to another attempt", async (status) => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint([status, 200]);
    await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    await running.publish("a");
    await until(() => open(running) === 0);
    expect(endpoint.requests).toHaveLength(2);
  });

  test("while pushes fail they become rarer, from 100 ms up", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const endpoint = await startPushEndpoint([500, 500, 500, 200]);
    await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    await running.publish("a");
    for (const [index, pauseMs] of [100, 200, 400].entries()) {
      await until(() => running.emulator.log.entries().filter(hasFailed).length === index + 1);
      await running.emulator.clock.advance(pauseMs - 1);
      expect(endpoint.requests).toHaveLength(index + 1);
      await running.emulator.clock.advance(1);
      await until(() => endpoint.requests.length === index + 2);
    }
    await until(() => open(running) === 0);
  });

  test("pushes that fail together count as one failure for the backoff", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const endpoint = await startPushEndpoint(Array.from({ length: 20 }, () => 500));
    await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    await running.publish(...Array.from({ length: 20 }, (_, index) => String(index)));
    await until(() => running.emulator.log.entries().filter(hasFailed).length === 20);
    await running.emulator.clock.advance(100);
    await until(() => open(running) === 0);
    expect(endpoint.requests).toHaveLength(40);
  });

  test("no answer within the ack deadline is a failure", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint(["never", 200]);
    await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    await running.publish("a");
    await until(() => endpoint.requests.length === 1);
    await running.emulator.clock.advance(10_000);
    await until(() => running.emulator.log.entries().some(({ outcome }) => outcome === "disconnected"));
    await running.emulator.clock.advance(100);
    await until(() => open(running) === 0);
    expect(endpoint.requests).toHaveLength(2);
  });

  test("an ack deadline that is changed holds for the pushes that follow", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint(["never"]);
    await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    await running.pubsub.subscription("orders-sub").setMetadata({ ackDeadlineSeconds: 60 });
    await running.publish("a");
    await until(() => endpoint.requests.length === 1);
    await running.emulator.clock.advance(30_000);
    const pushes = running.emulator.log.entries().filter(({ operation }) => operation === "Push");
    expect(pushes).toMatchObject([{ outcome: "pending" }]);
  });

  test("one message of a key is under way at a time, in order", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    await running.createPair({
      pushConfig: { pushEndpoint: endpoint.url },
      enableMessageOrdering: true,
    });
    await running.publishTo("k", "1", "2", "3");
    await until(() => open(running) === 0);
    const bodies = endpoint.requests.map(({ body }) => Buffer.from(JSON.parse(body).message.data, "base64"));
    expect(bodies.map(String)).toEqual(["1", "2", "3"]);
    expect(endpoint.mostAtOnce()).toBe(1);
  });

  test("without a wrapper the data is the body, and the metadata are headers", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    const { topic, name } = await running.createPair({
      pushConfig: { pushEndpoint: endpoint.url, noWrapper: { writeMetadata: true } },
    });
    const messages = [
      { data: Buffer.from("raw"), attributes: { kind: "new", "no header": "x" }, orderingKey: "k" },
    ];
    const [{ messageIds }] = await running.publisher.publish({ topic, messages });
    await until(() => open(running) === 0);
    const [request] = endpoint.requests;
    expect(request?.body).toBe("raw");
    expect(request?.headers).toMatchObject({
      kind: "new",
      "x-goog-pubsub-subscription-name": name,
      "x-goog-pubsub-message-id": messageIds?.[0],
      "x-goog-pubsub-ordering-key": "k",
    });
    expect(request?.headers).not.toHaveProperty("no header");
  });

  test("metadata that make no headers, or would change how the request is sent, are left out", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    const { topic } = await running.createPair({
      pushConfig: { pushEndpoint: endpoint.url, noWrapper: { writeMetadata: true } },
    });
    const attributes = { Trailer: "x", "Transfer-Encoding": "chunked", "content-length": "1", kind: "new" };
    const messages = [{ data: Buffer.from("raw"), attributes, orderingKey: "\u043a\u043b\u044e\u0447" }];
    await running.publisher.publish({ topic, messages });
    await until(() => open(running) === 0);
    expect(endpoint.requests).toMatchObject([
      { body: "raw", headers: { kind: "new", "content-length": "3" } },
    ]);
    expect(endpoint.requests[0]?.headers).not.toHaveProperty("x-goog-pubsub-ordering-key");
  });

  test("without a wrapper and without metadata there is the data and nothing else", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    const { topic } = await running.createPair({
      pushConfig: { pushEndpoint: endpoint.url, noWrapper: { writeMetadata: false } },
    });
    await running.publisher.publish({
      topic,
      messages: [{ data: Buffer.from("raw"), attributes: { a: "b" } }],
    });
    await until(() => open(running) === 0);
    const names = Object.keys(endpoint.requests[0]?.headers ?? {});
    expect(names.filter((name) => name === "a" || name.startsWith("x-goog"))).toEqual([]);
  });

  test("the token of a push is one that Google's library verifies with the published key", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    await running.createPair({
      pushConfig: {
        pushEndpoint: endpoint.url,
        oidcToken: { serviceAccountEmail: "push@test-project.iam.gserviceaccount.com", audience: "orders" },
      },
    });
    await running.publish("a");
    await until(() => open(running) === 0);
    const token = endpoint.requests[0]?.headers.authorization?.replace("Bearer ", "") ?? "";
    const { control } = running.emulator.endpoints;
    const certs: Record<string, string> = JSON.parse(
      await (await fetch(`${control}/__anyqueue/pubsub/certs`)).text(),
    );
    const verify = (audience: string) =>
      new OAuth2Client().verifySignedJwtWithCertsAsync(token, certs, audience, [
        "https://accounts.google.com",
      ]);
    expect((await verify("orders")).getPayload()).toMatchObject({
      email: "push@test-project.iam.gserviceaccount.com",
      email_verified: true,
    });
    await expect(verify("other")).rejects.toThrow("Wrong recipient");
    const jwks = JSON.parse(await (await fetch(`${control}/__anyqueue/pubsub/jwks`)).text());
    expect(jwks).toEqual((await running.emulator.pubsub.signingKeys()).jwks);
    expect(jwks.keys[0]).toMatchObject({ kty: "RSA", alg: "RS256", use: "sig" });
  });

  test("a push subscription cannot be pulled from, until its configuration is taken away", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint([503]);
    const { name } = await running.createPair({ pushConfig: { pushEndpoint: endpoint.url } });
    expect(await failureOf(pullNow(running, name))).toEqual({
      code: 9,
      text: "This method is not supported for push subscriptions.",
    });
    await running.pubsub.subscription("orders-sub").modifyPushConfig({});
    await running.publish("a");
    expect(await pullNow(running, name)).toHaveLength(1);
    expect(endpoint.requests).toEqual([]);
  });

  test("a subscription becomes a push subscription while it is pulled from", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    const { name } = await running.createPair();
    const pulling = failureOf(running.subscriber.pull({ subscription: name, maxMessages: 1 }, BUDGET));
    await until(() => running.emulator.pubsub.subscriptions()[0]?.consumers.length === 1);
    await running.pubsub.subscription("orders-sub").modifyPushConfig({ pushEndpoint: endpoint.url });
    expect((await pulling).code).toBe(9);
    await running.publish("a");
    await until(() => endpoint.requests.length === 1);
  });

  test("nothing is pushed any more to a subscription that is deleted or detached", async () => {
    const running = await runPubsub(library);
    const endpoint = await startPushEndpoint();
    const pushConfig = { pushEndpoint: endpoint.url };
    const { name } = await running.createPair({ pushConfig });
    const [other] = await running.pubsub.topic("orders").createSubscription("other-sub", { pushConfig });
    await running.subscriber.deleteSubscription({ subscription: name });
    await running.pubsub.detachSubscription(other.name);
    await running.publish("a");
    const [witness] = await running.pubsub.topic("orders").createSubscription("witness", { pushConfig });
    await running.publish("b");
    await until(() => endpoint.requests.length === 1);
    expect(JSON.parse(endpoint.requests[0]?.body ?? "").subscription).toBe(witness.name);
  });
});

/** Number of messages that the first subscription has not finished with. */
function open({ emulator }: RunningPubsub): number {
  return emulator.pubsub.subscriptions()[0]?.messages.length ?? -1;
}

function hasFailed({
  operation,
  outcome,
}: {
  readonly operation: string;
  readonly outcome: string;
}): boolean {
  return operation === "Push" && outcome === "error";
}
