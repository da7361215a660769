import { expect, test } from "vitest";
import { expectAnswer, textOf, withQueryQueue } from "../support/query-calls.ts";
import { runEmulator } from "../support/running-emulator.ts";

test("older tools send POST or GET to the URL of the queue", async () => {
  const { query, endpoint, QueueUrl } = await withQueryQueue();
  const sent = await query({ Action: "SendMessage", MessageBody: "a" }, "/000000000000/orders");
  expectAnswer(sent, "SendMessage");
  const got = await fetch(`${QueueUrl}?Action=ReceiveMessage&Version=2012-11-05`);
  expect(got.headers.get("content-type")).toBe("text/xml");
  expect(textOf(await got.text(), "Body")).toBe("a");
  const listed = await fetch(`${endpoint}/?Action=ListQueues`);
  expect(textOf(await listed.text(), "QueueUrl")).toBe(QueueUrl);
});

test("a request without a signature finds a queue of any region", async () => {
  const { createQueue, query } = await runEmulator();
  await createQueue("orders");
  expect(textOf(expectAnswer(await query({ Action: "ListQueues" }), "ListQueues"), "QueueUrl")).toContain(
    "/orders",
  );
  expectAnswer(
    await query({ Action: "SendMessage", MessageBody: "a" }, "/000000000000/orders"),
    "SendMessage",
  );
});

test("the region of a presigned request counts", async () => {
  const { createQueue, query } = await runEmulator();
  await createQueue("orders");
  const presigned = (region: string) =>
    `/000000000000/orders?X-Amz-Credential=${encodeURIComponent(`key/20261124/${region}/sqs/aws4_request`)}`;
  expect((await query({ Action: "ReceiveMessage" }, presigned("eu-west-1"))).status).toBe(200);
  expect((await query({ Action: "ReceiveMessage" }, presigned("eu-west-2"))).status).toBe(400);
});
