import { afterEach, describe, expect, test, vi } from "vitest";
import { sendOne, useBusyServer } from "./busy-server.ts";
import { MAJORS, useMajor } from "./majors.ts";
import { rejection } from "./open-adapter.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** Five seconds and gRPC's fifth, twice: a try to connect may still fail when the server is back already. */
const SOON_MS = 12_000;

const busy = useBusyServer();
afterEach(() => {
  vi.useRealTimers();
});

/** For ten minutes nobody listens, and `call` is made twice a minute. Then there is a server again. */
async function refuseForMinutes(call: () => Promise<unknown>): Promise<void> {
  const port = Number(busy.server.endpoint.split(":").at(-1));
  busy.server.close();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  for (let calls = 0; calls < 20; calls += 1) {
    await rejection(call());
    await vi.advanceTimersByTimeAsync(30_000);
  }
  expect(String(await rejection(call()))).toContain("ECONNREFUSED");
  busy.server = await ScriptedServer.start({}, port);
}

describe.each(MAJORS)("after an outage of minutes, with release %i", (major) => {
  useMajor(major);

  test("gRPC connects again within seconds, and not after two more minutes", async () => {
    const adapter = busy.connect(busy.server.endpoint);
    await sendOne(adapter);
    await refuseForMinutes(async () => await sendOne(adapter));
    let isSent = false;
    // Real sockets take their own time: gRPC's time stands at the end, and the calls go on.
    for (let leftMs = SOON_MS; !isSent && leftMs > -2 * SOON_MS; leftMs -= 10) {
      if (leftMs > 0) await vi.advanceTimersByTimeAsync(10);
      await new Promise((resolve) => setImmediate(resolve));
      isSent = await sendOne(adapter).then(
        () => true,
        () => false,
      );
    }
    expect(busy.server.count("Publish")).toBe(1);
  });
});
