import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { defineQueue } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { spawnEmulator } from "@anyqueue/emulator";
import { expect, onTestFinished, test, vi } from "vitest";
import { isListening } from "../../src/invoke/cloud-run/http-service.ts";
import { Program } from "./run-program.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions");

test("the vendor's framework ends with a command that is killed", async () => {
  const emulator = await spawnEmulator({ pubsubPort: 0 });
  onTestFinished(async () => await emulator.close());
  const url = `pubsub://demo?endpoint=${emulator.endpoints.pubsub ?? ""}`;
  const client = await connect({ url });
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

test.skipIf(process.platform === "win32")(
  "a function that never comes to rest ends at the second Ctrl+C",
  async () => {
    const emulator = await spawnEmulator({ sqsPort: 0 });
    onTestFinished(async () => await emulator.close());
    const url = `sqs://us-east-1?endpoint=${emulator.endpoints.sqs ?? ""}`;
    for (const [name, value] of Object.entries(emulator.environment)) vi.stubEnv(name, value);
    const client = await connect({ url });
    const orders = defineQueue("orders");
    await client.admin.create(orders);
    await client.producer(orders).send({});
    await client.close();
    const file = join(FUNCTIONS, "lambda-handlers.spins");
    const flags = ["--runtime", "lambda", "--queue", "orders", "--url", url, "--timeout", "25s"];
    await using program = new Program(["invoke", file, ...flags], emulator.environment);
    await program.untilError("spins in ");
    program.child.kill("SIGTERM");
    await vi.waitFor(() => {
      program.child.kill("SIGINT");
      expect(program.child.exitCode).not.toBeNull();
    }, 10_000);
    const { code, errors } = await program.ended;
    expect(code).toBe(130);
    const pid = /spins in (\d+)/.exec(errors)?.[1] ?? "";
    // A process that has ended may still wait to be collected.
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(/^(?:Z|gone)/), 10_000);
  },
);

function stateOf(pid: string): string {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" });
  return stdout.trim() === "" ? "gone" : stdout;
}
