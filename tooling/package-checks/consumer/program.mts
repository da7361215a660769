// An application as a user writes it: ESM, strict, with the packed packages. The checks compile it
// with several compilers, run it, bundle it and run the bundle.

import { strict as assert } from "node:assert";
import { createClient, defineQueue, isQueueError, QueueError, type QueueClient } from "@anyqueue/core";
import * as adapterEntry from "@anyqueue/core/adapter";
import * as autoEntry from "@anyqueue/core/auto";
import * as testingEntry from "@anyqueue/core/testing";
import * as conformanceEntry from "@anyqueue/conformance";
import { startEmulator } from "@anyqueue/emulator";
import { memory } from "@anyqueue/memory";
import { nodePushRequests, pubsubEvents, pushRequests } from "@anyqueue/pubsub/push";
import { pubsubEvent, pushRequest, pushTokens } from "@anyqueue/pubsub/testing";
import { createHandler } from "@anyqueue/serverless";
import { serviceBus } from "@anyqueue/service-bus";
import { functionsEvents } from "@anyqueue/service-bus/azure-functions";
import { functionsInvocation } from "@anyqueue/service-bus/testing";
import { sqs, sqsCalls } from "@anyqueue/sqs";
import { sqsEvents } from "@anyqueue/sqs/lambda";
import { lambdaContext, lambdaEvent } from "@anyqueue/sqs/testing";

const jobs = defineQueue<{ readonly job: number }>("jobs");

for (const entry of [adapterEntry, autoEntry, testingEntry, conformanceEntry]) {
  assert.notEqual(Object.keys(entry).length, 0);
}

await exchange(createClient("memory:", [memory()]));

const emulator = await startEmulator();
Object.assign(process.env, emulator.environment);
const endpoint = encodeURIComponent(emulator.endpoints.sqs ?? "");
await exchange(createClient(`sqs://us-east-1?endpoint=${endpoint}`, [sqs()]));
await exchange(
  createClient(`service-bus://emulator?endpoint=${emulator.endpoints.serviceBus ?? ""}`, [serviceBus()]),
);
await emulator.close();

assert.throws(
  () => createClient("memory:?nothing=1", [memory()]),
  (error) => isQueueError(error) && error instanceof QueueError,
);
const calls = sqsCalls({ changeVisibility: true });
const call = createHandler(jobs, sqsEvents({ calls }), (message) => assert.equal(message.body.job, 42));
const reply = await call(lambdaEvent(jobs, [{ body: { job: 42 } }]), lambdaContext("30s"));
assert.deepEqual(reply, { batchItemFailures: [] });

// Google's client is not imported: these entries need neither its code nor its declarations.
const account = { audience: "https://example.com", serviceAccount: "push@project.iam.gserviceaccount.com" };
const tokens = pushTokens();
const push = createHandler(jobs, pushRequests({ ...account, keys: tokens.keys }), (message) =>
  assert.equal(message.body.job, 42),
);
const pushed = { body: { job: 42 } };
assert.equal((await push(pushRequest(jobs, pushed, { token: tokens.sign(account) }))).status, 204);
assert.equal((await push(pushRequest(jobs, pushed))).status, 401);
await createHandler(jobs, pubsubEvents({ trustPlatform: true }), () => {})(pubsubEvent(jobs, pushed));
assert.throws(() => {
  Reflect.apply(nodePushRequests, undefined, [{}]);
}, /neither audience nor trustPlatform/);

const invocation = functionsInvocation(jobs, [{ body: { job: 42 } }], { binding: "sdk" });
await createHandler(jobs, functionsEvents(), (message) => assert.equal(message.body.job, 42))(
  ...invocation.args,
);
assert.deepEqual(invocation.settled, [{ id: "message-1", as: "completed" }]);
process.stdout.write("exchanged\n");

async function exchange(client: QueueClient): Promise<void> {
  await client.admin.create(jobs);
  await client.producer(jobs).send({ job: 42 });
  const [message] = await client.consumer(jobs).receive({ max: 1, wait: "5s" });
  assert.equal(message?.body.job, 42);
  await message?.ack();
  await client.close();
}
