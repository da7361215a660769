// The same application in CJS, with `require` and the types that belong to it.

import assert = require("node:assert");
import core = require("@anyqueue/core");
import adapterEntry = require("@anyqueue/core/adapter");
import autoEntry = require("@anyqueue/core/auto");
import testingEntry = require("@anyqueue/core/testing");
import conformanceEntry = require("@anyqueue/conformance");
import emulatorEntry = require("@anyqueue/emulator");
import memoryEntry = require("@anyqueue/memory");
import pushEntry = require("@anyqueue/pubsub/push");
import pushTestingEntry = require("@anyqueue/pubsub/testing");
import serverlessEntry = require("@anyqueue/serverless");
import serviceBusEntry = require("@anyqueue/service-bus");
import functionsEntry = require("@anyqueue/service-bus/azure-functions");
import functionsTestingEntry = require("@anyqueue/service-bus/testing");
import sqsEntry = require("@anyqueue/sqs");
import lambdaEntry = require("@anyqueue/sqs/lambda");
import sqsTestingEntry = require("@anyqueue/sqs/testing");

const jobs = core.defineQueue<{ readonly job: number }>("jobs");

for (const entry of [adapterEntry, autoEntry, testingEntry, conformanceEntry]) {
  assert.notEqual(Object.keys(entry).length, 0);
}

void main();

async function main(): Promise<void> {
  await exchange(core.createClient("memory:", [memoryEntry.memory()]));

  const emulator = await emulatorEntry.startEmulator();
  Object.assign(process.env, emulator.environment);
  const endpoint = encodeURIComponent(emulator.endpoints.sqs ?? "");
  await exchange(core.createClient(`sqs://us-east-1?endpoint=${endpoint}`, [sqsEntry.sqs()]));
  const { serviceBus = "" } = emulator.endpoints;
  await exchange(
    core.createClient(`service-bus://emulator?endpoint=${serviceBus}`, [serviceBusEntry.serviceBus()]),
  );
  await emulator.close();

  const source = lambdaEntry.sqsEvents({ calls: sqsEntry.sqsCalls({ changeVisibility: true }) });
  const call = serverlessEntry.createHandler(jobs, source, (message) => {
    assert.equal(message.body.job, 42);
  });
  const reply = await call(sqsTestingEntry.lambdaEvent(jobs, [{ body: { job: 42 } }]));
  assert.deepEqual(reply, { batchItemFailures: [] });
  const invocation = functionsTestingEntry.functionsInvocation(jobs, [{ body: { job: 42 } }]);
  await serverlessEntry.createHandler(jobs, functionsEntry.functionsEvents(), (message) => {
    assert.equal(message.body.job, 42);
  })(...invocation.args);

  const push = serverlessEntry.createHandler(
    jobs,
    pushEntry.pushRequests({ trustPlatform: true }),
    (message) => {
      assert.equal(message.body.job, 42);
    },
  );
  const pushed = await push(pushTestingEntry.pushRequest(jobs, { body: { job: 42 } }));
  assert.equal(pushed.status, 204);

  // Both copies of the library can be in one process, and each recognizes the errors of the other.
  const esm = await import("@anyqueue/core");
  try {
    core.createClient("memory:?nothing=1", [memoryEntry.memory()]);
    assert.fail("an unknown URL option was accepted");
  } catch (error) {
    assert.ok(core.isQueueError(error) && error instanceof core.QueueError);
    assert.ok(esm.isQueueError(error));
  }
  process.stdout.write("exchanged\n");
}

async function exchange(client: core.QueueClient): Promise<void> {
  await client.admin.create(jobs);
  await client.producer(jobs).send({ job: 42 });
  const [message] = await client.consumer(jobs).receive({ max: 1, wait: "5s" });
  assert.equal(message?.body.job, 42);
  await message?.ack();
  await client.close();
}
