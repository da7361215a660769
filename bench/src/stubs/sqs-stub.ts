// An endless SQS: accepts everything, always has messages, answers from cached bytes and counts. argv[2]: lag in ms.
import { hash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { exampleBody } from "../measure.ts";

const lagMs = Number(process.argv[2] ?? 0);
const counts = { requests: 0, sent: 0, received: 0, deleted: 0 };
const REQUEST_ID = "0b1f3c1e-0000-5000-8000-000000000000";
const answers = new Map<string, Buffer>();

const server = createServer({ noDelay: true }, serve);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : undefined });
});
process.on("message", () => process.send?.({ counts: { ...counts }, cpu: process.cpuUsage() }));
process.on("disconnect", () => process.exit(0));

function serve(socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let request = takeRequest(); request !== undefined; request = takeRequest()) {
      const answer = reply(request.operation, request.body);
      if (lagMs > 0) setTimeout(() => socket.write(answer), lagMs);
      else socket.write(answer);
    }
  });

  function takeRequest(): { operation: string; body: Buffer } | undefined {
    const headEnd = pending.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const head = pending.toString("latin1", 0, headEnd).toLowerCase();
    const length = Number(/content-length: *(\d+)/.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (pending.length < end) return undefined;
    const body = pending.subarray(headEnd + 4, end);
    pending = pending.subarray(end);
    return { operation: /x-amz-target: *amazonsqs\.(\w+)/.exec(head)?.[1] ?? "", body };
  }
}

interface Entry {
  readonly Id: string;
  readonly MessageBody?: string;
}

function reply(operation: string, body: Buffer): Buffer {
  counts.requests += 1;
  if (operation === "receivemessage") return receive(body);
  const parsed: { Entries?: readonly Entry[]; MessageBody?: string } = JSON.parse(body.toString());
  if (operation === "getqueueurl") return json(`{"QueueUrl":"http://127.0.0.1/000000000000/bench"}`);
  if (operation === "getqueueattributes") return json(`{"Attributes":{"VisibilityTimeout":"30"}}`);
  if (operation === "sendmessage") {
    counts.sent += 1;
    return json(JSON.stringify({ MessageId: REQUEST_ID, MD5OfMessageBody: md5(parsed.MessageBody ?? "") }));
  }
  const entries = parsed.Entries ?? [];
  if (operation === "sendmessagebatch") counts.sent += entries.length;
  if (operation.startsWith("delete")) counts.deleted += entries.length || 1;
  const Successful = entries.map(({ Id, MessageBody }) =>
    MessageBody === undefined ? { Id } : { Id, MessageId: REQUEST_ID, MD5OfMessageBody: md5(MessageBody) },
  );
  return json(JSON.stringify({ Successful }));
}

function receive(body: Buffer): Buffer {
  const count = Number(/"MaxNumberOfMessages":(\d+)/.exec(body.toString("latin1"))?.[1] ?? 1);
  counts.received += count;
  return cached(`receive ${count}`, () => {
    const Messages = Array.from({ length: count }, (_, index) => {
      const Body = JSON.stringify(exampleBody(index));
      const ReceiptHandle = `AQEB${"wJnKyrHigUMZj6rYigCgxlaS3SLy0a".repeat(11)}${index}`;
      return {
        MessageId: `0b1f3c1e-0000-4000-8000-00000000000${index}`,
        ReceiptHandle,
        MD5OfBody: md5(Body),
        Body,
      };
    });
    return JSON.stringify({ Messages });
  });
}

function cached(key: string, make: () => string): Buffer {
  const known = answers.get(key);
  if (known !== undefined) return known;
  const made = json(make());
  answers.set(key, made);
  return made;
}

function json(text: string): Buffer {
  const head = `HTTP/1.1 200 OK\r\nx-amzn-RequestId: ${REQUEST_ID}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  return Buffer.from(head + text);
}

function md5(text: string): string {
  return hash("md5", text);
}
