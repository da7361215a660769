import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { adminOf, exact, never, openAdapter } from "./open-adapter.ts";
import { until } from "./scripted-server.ts";
import { ScriptedSqs } from "./scripted-sqs.ts";

const bench = new ScriptedSqs();
const AT_AWS = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";

async function purging(queueUrl: string, signal = never) {
  const clock = createVirtualClock();
  const adapter = openAdapter(bench.server.endpoint, { clock });
  const admin = await adminOf(adapter);
  const state = { isDone: false };
  const purged = admin.purge(exact(adapter, queueUrl), signal).then(() => (state.isDone = true));
  await until(() => bench.server.count("PurgeQueue") === 1);
  return { clock, state, purged };
}

// The trap: SQS goes on deleting for up to a minute, also what is sent meanwhile.
test("what is sent after a purge stays: it takes the minute in which SQS deletes", async () => {
  const { clock, state, purged } = await purging(AT_AWS);
  await until(() => clock.pendingTimers > 0);
  await clock.advance("59s");
  expect(state.isDone).toBe(false);
  await clock.advance("1s");
  await purged;
});

test("whoever does not want to wait aborts", async () => {
  const stop = new AbortController();
  const { clock, purged } = await purging(AT_AWS, stop.signal);
  await until(() => clock.pendingTimers > 0);
  stop.abort();
  await expect(purged).rejects.toMatchObject({ name: "AbortError" });
  expect(clock.pendingTimers).toBe(0);
});

test("an emulator has purged when it answers", async () => {
  const { state, purged } = await purging(`${bench.server.endpoint}/000000000000/orders`);
  await purged;
  expect(state.isDone).toBe(true);
});
