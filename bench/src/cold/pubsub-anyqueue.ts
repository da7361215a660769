import { createClient, defineQueue } from "@anyqueue/core";
import { pubsub } from "@anyqueue/pubsub";
import { sinceStart, tell } from "./tell.ts";

const client = createClient(`pubsub://bench?endpoint=127.0.0.1:${process.argv[2]}`, [pubsub()]);
await client.producer(defineQueue<string>("bench")).send("first");
tell({ firstSendMs: sinceStart() });
