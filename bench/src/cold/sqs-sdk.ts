import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { sinceStart, tell } from "./tell.ts";

const endpoint = `http://127.0.0.1:${process.argv[2]}`;
const client = new SQSClient({ endpoint, region: "us-east-1" });
await client.send(
  new SendMessageCommand({ QueueUrl: `${endpoint}/000000000000/bench`, MessageBody: "first" }),
);
tell({ firstSendMs: sinceStart() });
