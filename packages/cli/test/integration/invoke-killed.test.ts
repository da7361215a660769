import { connect } from "node:net";
import { join } from "node:path";
import { defineQueue } from "@anyqueue/core";
import { connect as connectQueue } from "@anyqueue/core/auto";
import { spawnEmulator } from "@anyqueue/emulator";
import { expect, onTestFinished, test, vi } from "vitest";
import { Program } from "./run-program.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions");

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return await new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

test("the vendor's framework ends with a command that is killed", async () => {
  const emulator = await spawnEmulator({ pubsubPort: 0 });
  onTestFinished(async () => await emulator.close());
  const url = `pubsub://demo?endpoint=${emulator.endpoints.pubsub ?? ""}`;
  const client = await connectQueue({ url });
  await client.admin.create(defineQueue("orders"));
  await client.close();
  const file = join(FUNCTIONS, "push-framework.mjs");
  const flags = ["--runtime", "cloud-run", "--queue", "orders", "--url", url, "--target", "orders"];
  await using program = new Program(["invoke", file, ...flags], {});
  await program.untilError("Ctrl+C ends it");
  program.child.kill("SIGKILL");
  const { errors } = await program.ended;
  const port = Number(/URL: http:\/\/localhost:(\d+)/.exec(errors)?.[1]);
  await vi.waitFor(async () => expect(await isListening(port)).toBe(false), 10_000);
});
