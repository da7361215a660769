import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { bodiesOf, listOf, membersOf, type Members, type Probe } from "./probe.ts";

const TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793";

/** How the service handles messages. */
export const BEHAVIOUR_PROBES: readonly Probe[] = [
  {
    claim: "empty members are left out of answers, and some answers have no body",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "a");
      const message = await server.receiveOne(url);
      const entry = { Id: "a", ReceiptHandle: message["ReceiptHandle"] };
      const deleted = await server.ok("DeleteMessageBatch", { QueueUrl: url, Entries: [entry] });
      assert.deepEqual(Object.keys(deleted), ["Successful"]);
      assert.deepEqual(await server.ok("ListQueues", { QueueNamePrefix: "no-such-prefix" }), {});
      assert.equal((await server.call("DeleteQueue", { QueueUrl: url })).text, "");
    },
  },
  {
    claim: "a text beyond U+FFFF is taken and comes back",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "Grüße 🌍\r\n");
      assert.equal((await server.receiveOne(url))["Body"], "Grüße 🌍\r\n");
    },
  },
  {
    claim: "a message brings nothing along that was not asked for",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "a", {
        MessageAttributes: { tenant: { DataType: "String", StringValue: "a" } },
      });
      const names = Object.keys(await server.receiveOne(url)).toSorted();
      assert.deepEqual(names, ["Body", "MD5OfBody", "MessageId", "ReceiptHandle"]);
    },
  },
  {
    claim: "`MessageSystemAttributeNames` brings the receive count",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "a");
      const message = await server.receiveOne(url, { MessageSystemAttributeNames: ["All"] });
      assert.equal(membersOf(message["Attributes"])["ApproximateReceiveCount"], "1");
    },
  },
  {
    claim: "the MD5 of attributes counts binary values as bytes",
    async run(server) {
      const url = await server.queue();
      const value = Buffer.from([0, 255, 128, 7]);
      const sent = await server.send(url, "a", {
        MessageAttributes: { raw: { DataType: "Binary", BinaryValue: value.toString("base64") } },
      });
      assert.equal(sent["MD5OfMessageAttributes"], md5OfBinary("raw", value));
    },
  },
  {
    claim: "`AWSTraceHeader` goes with the message, with an MD5 of its own",
    async run(server) {
      const url = await server.queue();
      const header = { AWSTraceHeader: { DataType: "String", StringValue: TRACE } };
      const sent = await server.send(url, "a", { MessageSystemAttributes: header });
      assert.match(String(sent["MD5OfMessageSystemAttributes"]), /^[0-9a-f]{32}$/u);
      const message = await server.receiveOne(url, { MessageSystemAttributeNames: ["AWSTraceHeader"] });
      assert.deepEqual(message["Attributes"], { AWSTraceHeader: TRACE });
    },
  },
  {
    claim: "of a batch only the wrong entry fails, and `SenderFault` is a boolean",
    async run(server) {
      const url = await server.queue();
      const entries = [
        { Id: "good", MessageBody: "a" },
        { Id: "bad", MessageBody: "b", DelaySeconds: 901 },
      ];
      const answer = await server.ok("SendMessageBatch", { QueueUrl: url, Entries: entries });
      assert.deepEqual(
        listOf(answer["Successful"]).map(({ Id: id }) => id),
        ["good"],
      );
      const [failed] = listOf(answer["Failed"]);
      assert.equal(failed?.["Id"], "bad");
      assert.equal(failed["Code"], "InvalidParameterValue");
      assert.equal(failed["SenderFault"], true);
    },
  },
  {
    claim: "a message wakes the receive that waits for it",
    async run(server) {
      const url = await server.queue();
      const startedAtMs = performance.now();
      const waiting = server.receive(url, { WaitTimeSeconds: 10 });
      await server.send(url, "a");
      assert.deepEqual(bodiesOf(await waiting), ["a"]);
      assert.ok(performance.now() - startedAtMs < 5_000, "it waited on");
    },
  },
  {
    claim: "a message that is there ends a wait at once",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "a");
      const startedAtMs = performance.now();
      assert.deepEqual(bodiesOf(await server.receive(url, { WaitTimeSeconds: 10 })), ["a"]);
      assert.ok(performance.now() - startedAtMs < 5_000, "it waited on");
    },
  },
  {
    claim: "visibility 0 does not repeat a message inside one receive",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "a");
      assert.deepEqual(bodiesOf(await server.receive(url, { VisibilityTimeout: 0 })), ["a"]);
    },
  },
  {
    claim: "visible and invisible messages are counted",
    async run(server) {
      const url = await server.queue();
      for (const body of ["a", "b", "c"]) await server.send(url, body);
      await server.receive(url, { MaxNumberOfMessages: 1 });
      const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
      const counts = await server.attributes(url, ...names);
      assert.deepEqual(counts, {
        ApproximateNumberOfMessages: "2",
        ApproximateNumberOfMessagesNotVisible: "1",
      });
    },
  },
  {
    claim: "a visibility batch on messages that are not in flight: error of the entry",
    async run(server) {
      const url = await server.queue();
      await server.send(url, "a");
      const message = await server.receiveOne(url);
      await server.delete(url, message);
      const entry = { Id: "a", ReceiptHandle: message["ReceiptHandle"], VisibilityTimeout: 5 };
      const { Failed: failed } = await server.ok("ChangeMessageVisibilityBatch", {
        QueueUrl: url,
        Entries: [entry],
      });
      const [first] = listOf(failed);
      assert.equal(first?.["SenderFault"], true);
      assert.match(String(first["Message"]), /not available for visibility timeout change/u);
    },
  },
  {
    claim: "a dead letter names the queue that it comes from",
    async run(server) {
      const { url, deadUrl, arn } = await server.withDeadLetters();
      await server.send(url, "a");
      await server.receive(url, { VisibilityTimeout: 0 });
      assert.deepEqual(await server.receive(url), []);
      const message = await server.receiveOne(deadUrl, { MessageSystemAttributeNames: ["All"] });
      assert.equal(membersOf(message["Attributes"])["DeadLetterQueueSourceArn"], arn);
    },
  },
  {
    claim: "a move task brings dead letters back",
    async run(server) {
      const { url, deadArn } = await server.withDeadLetters();
      await server.send(url, "a");
      await server.receive(url, { VisibilityTimeout: 0 });
      await server.receive(url);
      await server.ok("StartMessageMoveTask", { SourceArn: deadArn });
      assert.deepEqual(bodiesOf(await server.receive(url, { WaitTimeSeconds: 3 })), ["a"]);
    },
  },
  {
    claim: "a FIFO group is locked while one of its messages is in flight",
    async run(server) {
      const url = await server.fifo();
      for (const body of ["a", "b"]) await server.sendKeyed(url, "g", body);
      const first = await server.receiveOne(url, { MaxNumberOfMessages: 1 });
      assert.deepEqual(await server.receive(url), []);
      await server.delete(url, first);
      assert.deepEqual(bodiesOf(await server.receive(url)), ["b"]);
    },
  },
  {
    claim: "a FIFO receive takes several messages of one group, in order",
    async run(server) {
      const url = await server.fifo();
      for (const body of ["a", "b", "c"]) await server.sendKeyed(url, "g", body);
      assert.deepEqual(bodiesOf(await server.receive(url)), ["a", "b", "c"]);
    },
  },
  {
    claim: "a duplicate is recognised after the first was deleted, and gets its message id",
    async run(server) {
      const url = await server.fifo();
      const first = await server.sendKeyed(url, "g", "a");
      await server.delete(url, await server.receiveOne(url));
      const second = await server.sendKeyed(url, "g", "a");
      assert.equal(second["MessageId"], first["MessageId"]);
      assert.deepEqual(await server.receive(url), []);
    },
  },
  {
    claim: "a receive that is repeated with its attempt id gets the same messages",
    async run(server) {
      const url = await server.fifo();
      await server.sendKeyed(url, "g", "a");
      const attempt: Members = { ReceiveRequestAttemptId: "attempt-1" };
      assert.deepEqual(bodiesOf(await server.receive(url, attempt)), ["a"]);
      assert.deepEqual(bodiesOf(await server.receive(url, attempt)), ["a"]);
    },
  },
  {
    claim: "a FIFO message is not deleted by a receipt handle that has expired",
    async run(server) {
      const url = await server.fifo({ VisibilityTimeout: "1" });
      await server.sendKeyed(url, "g", "a");
      const expired = await server.receiveOne(url);
      await server.receiveOne(url, { WaitTimeSeconds: 5, VisibilityTimeout: 30 });
      const { status, body, queryError } = await server.call("DeleteMessage", {
        QueueUrl: url,
        ReceiptHandle: expired["ReceiptHandle"],
      });
      assert.equal(status, 400);
      assert.equal(queryError, "InvalidParameterValue;Sender");
      assert.match(String(body["message"]), /The receipt handle has expired\.$/u);
    },
  },
];

/**
 * Digest of one binary attribute: name, type and value, each with its length, and a 2 for "binary".
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html (2026-11-24)
 */
function md5OfBinary(name: string, value: Buffer): string {
  const withLength = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const parts = [
    withLength(Buffer.from(name)),
    withLength(Buffer.from("Binary")),
    Buffer.of(2),
    withLength(value),
  ];
  return createHash("md5").update(Buffer.concat(parts)).digest("hex");
}
