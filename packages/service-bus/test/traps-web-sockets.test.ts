import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

// Where port 5671 is closed, AMQP goes through WebSockets on 443. First the plain SDK, then the adapter.

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL("over-web-sockets.ts", import.meta.url));

let emulator: Emulator;
let folder: string;

beforeEach(async () => {
  emulator = await startEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } },
  });
  folder = await mkdtemp(join(tmpdir(), "anyqueue-test-"));
  await writeFile(join(folder, "ca.pem"), emulator.serviceBus.certificateAuthority());
  // The second message arrives, but its sender gets no answer.
  emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    when: "after",
    skip: 1,
    count: 1,
    action: { kind: "reset" },
  });
});

afterEach(async () => {
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** Returns what the program prints. It ends by itself. */
async function seenBy(side: "sdk" | "adapter" | "tracer"): Promise<{ readonly cutMs: number }> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
  const args = ["--conditions=@anyqueue/source", PROGRAM, side, emulator.endpoints.serviceBus ?? ""];
  const { stdout } = await run(process.execPath, args, { env, timeout: 58_000 });
  return JSON.parse(stdout) as { readonly cutMs: number };
}

test("trap: a send of the SDK waits for its whole timeout when its WebSocket dies", async () => {
  const seen = await seenBy("sdk");
  expect(seen).toMatchObject({ received: ["first"], cut: "failed" });
  expect(seen.cutMs).toBeGreaterThan(1_400);
});

test("the adapter sends, receives and settles, hears of a WebSocket that dies at once, and goes on", async () => {
  const seen = await seenBy("adapter");
  expect(seen).toMatchObject({
    received: ["first", "cut", "after"],
    cut: { code: "CONNECTION_LOST", retryable: true, ambiguous: true },
  });
  // The adapter's own timeout is ten seconds.
  expect(seen.cutMs).toBeLessThan(5_000);
  expect(emulator.serviceBus.entities()).toMatchObject([{ path: "orders", messages: [] }]);
});

test("what a tracer opens inside the SDK's calls is no WebSocket of the connection, whose end is told of once", async () => {
  expect(await seenBy("tracer")).toEqual({ before: ["exported", 0], after: ["exported", 1] });
});
