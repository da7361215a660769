// Pub/Sub has a program of its own: the declarations of Google's client (6.3.0) do not compile under
// exactOptionalPropertyTypes, so only this program is compiled with skipLibCheck, as most applications are.

import { strict as assert } from "node:assert";
import { createClient, defineQueue } from "@anyqueue/core";
import { startEmulator } from "@anyqueue/emulator";
import { pubsub } from "@anyqueue/pubsub";

const jobs = defineQueue<{ readonly job: number }>("jobs");
const emulator = await startEmulator({ pubsubPort: 0 });
const client = createClient(`pubsub://project?endpoint=${emulator.endpoints.pubsub ?? ""}`, [pubsub()]);
await client.admin.create(jobs);
await client.producer(jobs).send({ job: 42 });
const [message] = await client.consumer(jobs).receive({ max: 1, wait: "5s" });
assert.equal(message?.body.job, 42);
await message?.ack();
await client.close();
await emulator.close();
