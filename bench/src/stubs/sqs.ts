// An endless SQS: it accepts everything, always has messages, answers from cached bytes, and counts.
import { hash } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { BODIES, counts, report, ROUND_TRIP_MS } from "./stub-process.ts";

const REQUEST_ID = "0b1f3c1e-0000-5000-8000-000000000000";
const answers = new Map<string, Buffer>();

const server = createServer({ noDelay: true }, serve);
server.listen(0, "127.0.0.1", () => report((server.address() as AddressInfo).port));

function serve(socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  let pieces: Buffer[] = [];
  let missing = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    pieces.push(chunk);
    missing -= chunk.length;
    // Concatenated once per request, because a megabyte arrives in 16 pieces.
    if (missing > 0) return;
    pending = Buffer.concat([pending, ...pieces]);
    pieces = [];
    for (let request = takeRequest(); request !== undefined; request = takeRequest()) {
      const answer = reply(request.operation, request.body);
      if (ROUND_TRIP_MS > 0) setTimeout(() => socket.write(answer), ROUND_TRIP_MS);
      else socket.write(answer);
    }
  });

  function takeRequest(): { operation: string; body: Buffer } | undefined {
    const headEnd = pending.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const head = pending.toString("latin1", 0, headEnd).toLowerCase();
    const length = Number(/content-length: *(\d+)/.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    missing = end - pending.length;
    if (missing > 0) return undefined;
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
  const parsed = JSON.parse(body.toString()) as { Entries?: readonly Entry[]; MessageBody?: string };
  if (operation === "getqueueurl") return json(`{"QueueUrl":"http://127.0.0.1/000000000000/bench"}`);
  if (operation === "getqueueattributes") return json(`{"Attributes":{"VisibilityTimeout":"30"}}`);
  if (operation === "sendmessage") {
    counts.sent += 1;
    return json(JSON.stringify({ MessageId: REQUEST_ID, MD5OfMessageBody: md5(parsed.MessageBody ?? "") }));
  }
  const entries = parsed.Entries ?? [];
  if (operation === "sendmessagebatch") counts.sent += entries.length;
  if (operation.startsWith("delete")) counts.settled += entries.length || 1;
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
      const Body = BODIES[index] ?? "";
      return {
        MessageId: `0b1f3c1e-0000-4000-8000-00000000000${index}`,
        ReceiptHandle: `AQEB${"wJnKyrHigUMZj6rYigCgxlaS3SLy0a".repeat(11)}${index}`,
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
  const length = Buffer.byteLength(text);
  const head = `HTTP/1.1 200 OK\r\nx-amzn-RequestId: ${REQUEST_ID}\r\nContent-Type: application/x-amz-json-1.0\r\n`;
  return Buffer.from(`${head}Content-Length: ${length}\r\n\r\n${text}`);
}

function md5(text: string): string {
  return hash("md5", text);
}
