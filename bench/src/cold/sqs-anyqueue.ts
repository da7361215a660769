import { createClient, defineQueue } from "@anyqueue/core";
import { sqs } from "@anyqueue/sqs";
import { sinceStart, tell } from "./tell.ts";

const client = createClient(`sqs://us-east-1?endpoint=http://127.0.0.1:${process.argv[2]}`, [sqs()]);
await client.producer(defineQueue<string>("bench")).send("first");
tell({ firstSendMs: sinceStart() });
