import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { defineQueue } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { spawnEmulator } from "@anyqueue/emulator";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { isListening } from "../../src/invoke/cloud-run/http-service.ts";
import { Program } from "./run-program.ts";

const orders = defineQueue("orders");
const FUNCTIONS = join(import.meta.dirname, "../functions");

test("the vendor's framework ends with a command that is killed", async () => {
  const emulator = await spawnEmulator({ pubsubPort: 0 });
  onTestFinished(async () => await emulator.close());
  const url = `pubsub://demo?endpoint=${emulator.endpoints.pubsub ?? ""}`;
  const client = await connect({ url });
  await client.admin.create(orders);
  await client.close();
  const file = join(FUNCTIONS, "push-framework.mjs");
  const flags = ["--runtime", "cloud-run", "--queue", "orders", "--url", url, "--target", "orders"];
  await using program = new Program(["invoke", file, ...flags], {});
  await program.untilError("Ctrl+C ends it");
  await program.untilError("URL: http://localhost:");
  program.child.kill("SIGKILL");
  const { errors } = await program.ended;
  const port = Number(/URL: http:\/\/localhost:(\d+)/.exec(errors)?.[1]);
  await vi.waitFor(async () => expect(await isListening(port)).toBe(false), 10_000);
});

test("a command whose emulator has gone, which pushed, ends and says so", async () => {
  const emulator = await spawnEmulator({ pubsubPort: 0 });
  onTestFinished(async () => await emulator.close());
  const url = `pubsub://demo?endpoint=${emulator.endpoints.pubsub ?? ""}`;
  const client = await connect({ url });
  await client.admin.create(orders);
  await client.producer(orders).send("first");
  await client.close();
  const flags = ["--runtime", "cloud-run", "--queue", "orders", "--url", url];
  const { control } = emulator.endpoints;
  const file = join(FUNCTIONS, "push-handlers.mjs");
  await using program = new Program(["invoke", file, ...flags, "--emulator", control], {});
  await program.untilLines(1);
  await emulator.close();
  const { code, errors } = await program.ended;
  expect(code).toBe(1);
  expect(errors).toContain("QUEUE_UNREACHABLE: the emulator does not answer any more. It keeps nothing");
});

describe.skipIf(process.platform === "win32")("a function that never comes to rest ends", () => {
  test("at the second Ctrl+C", async () => {
    await using program = await spinning();
    program.child.kill("SIGTERM");
    await vi.waitFor(() => {
      program.child.kill("SIGINT");
      expect(program.child.exitCode).not.toBeNull();
    }, 10_000);
    const { code, errors } = await program.ended;
    expect(code).toBe(130);
    const pid = spinningPid(errors);
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(GONE), 10_000);
  });

  test("with a command that is killed", async () => {
    await using program = await spinning();
    program.child.kill("SIGKILL");
    // The program's output stays open as long as the function has it.
    const { errors } = await program.ended;
    const pid = spinningPid(errors);
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(GONE), 10_000);
  });
});

/** A Lambda function that has a message and never returns to the event loop. */
async function spinning(): Promise<Program> {
  const emulator = await spawnEmulator({ sqsPort: 0 });
  onTestFinished(async () => await emulator.close());
  const url = `sqs://us-east-1?endpoint=${emulator.endpoints.sqs ?? ""}`;
  for (const [name, value] of Object.entries(emulator.environment)) vi.stubEnv(name, value);
  const client = await connect({ url });
  await client.admin.create(orders);
  await client.producer(orders).send({});
  await client.close();
  const file = join(FUNCTIONS, "lambda-handlers.spins");
  const flags = ["--runtime", "lambda", "--queue", "orders", "--url", url, "--timeout", "25s"];
  const program = new Program(["invoke", file, ...flags], emulator.environment);
  await program.untilError("spins in ");
  return program;
}

/** A process that has ended may still wait to be collected. */
const GONE = /^(?:Z|gone)/;

function spinningPid(errors: string): string {
  const pid = /spins in (\d+)/.exec(errors)?.[1] ?? "";
  onTestFinished(() => {
    if (!GONE.test(stateOf(pid))) process.kill(Number(pid), "SIGKILL");
  });
  return pid;
}

function stateOf(pid: string): string {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" });
  return stdout.trim() === "" ? "gone" : stdout;
}
