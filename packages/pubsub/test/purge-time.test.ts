import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { useBusyServer } from "./busy-server.ts";
import { never, present, queue } from "./open-adapter.ts";
import { rawServiceClient } from "./raw-sdk.ts";
import { until } from "./scripted-server.ts";

const busy = useBusyServer();

test("what is sent after a purge stays where this machine's clock is a little fast", async () => {
  const clock = createVirtualClock();
  const client = rawServiceClient(busy.server.endpoint);
  const adapter = busy.connect(undefined, { clock, options: { client }, project: "" });
  const admin = present(await adapter.admin?.());
  let isDone = false;
  const purging = admin.purge(queue(adapter), never).then(() => (isDone = true));
  await until(() => busy.server.requests("Seek").length === 1);
  const { time } = busy.server.requests("Seek")[0] ?? {};
  const soughtMs = Math.floor(clock.wallNow()) + 1;
  expect(time).toMatchObject({
    seconds: String(Math.floor(soughtMs / 1_000)),
    nanos: (soughtMs % 1_000) * 1e6,
  });
  await until(() => clock.pendingTimers > 0);
  await clock.advance("999ms");
  expect(isDone).toBe(false);
  await clock.advance("2ms");
  await purging;
  await client.close();
});

test("an emulator's clock is this machine's: nothing is waited for but the next millisecond", async () => {
  const clock = createVirtualClock();
  const adapter = busy.connect(busy.server.endpoint, { clock });
  const admin = present(await adapter.admin?.());
  const purging = admin.purge(queue(adapter), never);
  await until(() => busy.server.requests("Seek").length === 1 && clock.pendingTimers > 0);
  await clock.advance("1ms");
  await purging;
  expect(clock.pendingTimers).toBe(0);
});
