import { createClient, defineQueue, type QueueError } from "@anyqueue/core";
import { expect, test } from "vitest";
import { sqs } from "../src/index.ts";
import { classifySqsError } from "../src/sqs-errors.ts";
import { call, connect, serveEachTest, server } from "./copying-clients.ts";
import { ANY_CREDENTIALS, rejection } from "./open-adapter.ts";
import type { ScriptedReply } from "./scripted-server.ts";

serveEachTest();

/** What nginx answers. */
const PAGE = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center></body></html>`;
const page = (status: number, body: string): ScriptedReply => ({
  status,
  body,
  headers: { "content-type": "text/html" },
});

test.each([
  [400, "INVALID_ARGUMENT", false, false],
  [407, "UNAUTHENTICATED", false, false],
  [413, "UNAVAILABLE", true, false],
  [414, "INVALID_ARGUMENT", false, false],
  [431, "INVALID_ARGUMENT", false, false],
  [501, "UNAVAILABLE", true, true],
  [502, "UNAVAILABLE", true, true],
  [505, "UNAVAILABLE", true, true],
] as const)(
  "a page with status %s to a poll is %s, retryable %s, whatever it reads",
  async (status, code, retryable, ambiguous) => {
    for (const body of [PAGE("Some Title"), "", "Some text\nmore", '{"message":"Some JSON"}']) {
      const { client } = connect();
      server.answer("ReceiveMessage", () => page(status, body));
      const error = await rejection(call(client, "ReceiveMessage"));
      const remedy: unknown = expect.stringContaining(`status ${status}`);
      expect(classifySqsError(error, "receive")).toMatchObject({ code, retryable, ambiguous, remedy });
    }
  },
);

test("413 to a send concerns that request alone: smaller ones may pass", async () => {
  const { client } = connect();
  server.answer("SendMessageBatch", () => page(413, PAGE("413 Request Entity Too Large")));
  const error = await rejection(call(client, "SendMessageBatch"));
  const remedy: unknown = expect.stringContaining("larger requests");
  expect(classifySqsError(error, "send")).toMatchObject({
    code: "BATCH_TOO_LARGE",
    ambiguous: false,
    remedy,
  });
});

test.each([
  [PAGE("413 Request Entity Too Large"), '"413 Request Entity Too Large"'],
  ["", "no text"],
  ['{"message":"Request Too Long"}', '"Request Too Long"'],
  ['{"message":"bad token: FwoGZX"}', '"bad …"'],
  ["\r\n  <h1>Bad Request</h1>\nmore", '"Bad Request"'],
  ["Bad Request: Authorization: AWS4-HMAC-SHA256 Credential=AKIA/2026", '"Bad Request: …"'],
  ["refused x-amz-security-token: FwoGZX", '"refused …"'],
  ['cannot parse {"Entries":[{"MessageBody":"private"}]}', '"cannot parse …"'],
  ["cannot parse Action=SendMessage&MessageBody=private", '"cannot parse Action=SendMessage&…"'],
  ["x".repeat(5_000), `"${"x".repeat(120)}"`],
])("the text says what came, and nothing secret: %j", async (body, text) => {
  const { client } = connect();
  server.answer("ReceiveMessage", () => page(400, body));
  const { message } = (await rejection(call(client, "ReceiveMessage"))) as Error;
  expect(message).toBe(`the answer is none of SQS's: status 400, ${text}`);
});

test("a consumer waits out a gateway that answers 413 when it starts and while it runs", async () => {
  let polls = 0;
  const failures: QueueError[] = [];
  server.script(({ operation }) => {
    if (failures.length === 0) return page(413, PAGE("413 Request Entity Too Large"));
    if (operation !== "ReceiveMessage") return undefined;
    polls += 1;
    return polls === 2 ? page(413, "") : undefined;
  });
  const again = Promise.withResolvers<void>();
  const client = createClient(
    { url: `sqs://eu-west-1?endpoint=${server.endpoint}` },
    [sqs({ credentials: ANY_CREDENTIALS })],
    {
      listener: {
        "receive-error": ({ error }) => {
          failures.push(error);
          if (failures.length === 2) again.resolve();
        },
      },
    },
  );
  const run = client.consumer(defineQueue("orders", { deadLetter: "none" })).run(() => {});
  await Promise.race([again.promise, run]);
  await client.close();
  await run;
  expect(failures.map(({ code }) => code)).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
  expect(failures[0]?.message).toContain('status 413, "413 Request Entity Too Large"');
});
