import { expect, test } from "vitest";
import { codingWith, decodingWith } from "../src/own-codec.ts";
import { UnreadableProto } from "../src/proto-reader.ts";
import { decodePublishResponse, PublishRequest } from "../src/publish-codec.ts";
import { outgoing } from "./open-adapter.ts";
import { rawPublisher, rawSubscriber } from "./raw-sdk.ts";
import { ScriptedServer, stored, until } from "./scripted-server.ts";

test("the generated client decodes by what it is given, and by itself what that leaves", async () => {
  const server = await ScriptedServer.start();
  const client = await rawSubscriber(server.endpoint);
  const given: number[] = [];
  const options = decodingWith((bytes) => {
    given.push(bytes.length);
    if (given.length === 1) throw new UnreadableProto("the first one");
    return { isOurs: true };
  });
  const call = client.streamingPull({ otherArgs: { options } });
  const responses: object[] = [];
  call.on("data", (response: object) => responses.push(response)).on("error", () => {});
  call.write({ subscription: "projects/p/subscriptions/orders", streamAckDeadlineSeconds: 10 });
  // A stream first tells the properties of its subscription.
  await until(() => responses.length === 1);
  server.stream(0).send({ receivedMessages: [stored("1", "a")] });
  await until(() => responses.length === 2);
  expect(responses).toMatchObject([{ subscriptionProperties: {} }, { isOurs: true }]);
  call.cancel();
  await client.close();
  server.close();
});

test("requests of calls that share one description are each encoded as they are", () => {
  const theirs = (request: unknown): Buffer => Buffer.from(`theirs: ${String(request)}`);
  const shared = { requestSerialize: theirs, responseDeserialize: (bytes: Buffer): unknown => bytes };
  for (const name of ["a", "b"]) {
    const encode = (request: unknown): Buffer | undefined =>
      request === name ? Buffer.from(`ours: ${name}`) : undefined;
    const { interceptors } = codingWith({ decode: () => ({}), encode });
    interceptors[0]?.({ method_definition: shared }, () => ({}));
  }
  expect(["a", "b", "c"].map((request) => shared.requestSerialize(request).toString())).toEqual([
    "ours: a",
    "ours: b",
    "theirs: c",
  ]);
});

test("and sends what it is given in place of its own encoding", async () => {
  const server = await ScriptedServer.start();
  const client = await rawPublisher(server.endpoint);
  const request = new PublishRequest("projects/p/topics/orders", [outgoing("a"), outgoing("b")]);
  const options = codingWith({ decode: decodePublishResponse, encode: () => request.encode() });
  const [answer] = await client.publish({ topic: "the SDK's form" }, { otherArgs: { options } });
  expect(answer).toEqual({ messageIds: ["m-0", "m-1"] });
  expect(server.requests("Publish")).toMatchObject([
    {
      topic: "projects/p/topics/orders",
      messages: [{ attributes: { "aq-id": "a" } }, { attributes: { "aq-id": "b" } }],
    },
  ]);
  await client.close();
  server.close();
});
