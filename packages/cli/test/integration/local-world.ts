import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import { runCli } from "../../src/run-cli.ts";
import { RecordingTerminal } from "../recording-terminal.ts";

export type Cloud = "sqs" | "service-bus" | "pubsub";

export interface LocalWorld {
  readonly control: SpawnedEmulator["control"];
  /** A value for `--url` and ANYQUEUE_URL. */
  urlOf(cloud: Cloud): string;
}

/** Empty servers of all clouds for every test of a file, with their environment. */
export function useLocalWorld(): LocalWorld {
  let emulator: SpawnedEmulator;

  beforeAll(async () => {
    emulator = await spawnEmulator({ sqsPort: 0, serviceBusPort: 0, pubsubPort: 0 });
  });

  afterAll(async () => {
    await emulator.close();
  });

  beforeEach(async () => {
    await emulator.control.reset();
    for (const [name, value] of Object.entries(emulator.environment)) vi.stubEnv(name, value);
  });

  return {
    get control() {
      return emulator.control;
    },
    urlOf: (cloud) => {
      const { sqs = "", serviceBus = "", pubsub = "" } = emulator.endpoints;
      if (cloud === "sqs") return `sqs://us-east-1?endpoint=${sqs}`;
      if (cloud === "pubsub") return `pubsub://local?endpoint=${pubsub}`;
      return `service-bus://emulator?endpoint=${serviceBus}`;
    },
  };
}

/** Starts a command line; `ended` is its exit code. */
export function start(...args: readonly string[]) {
  const terminal = new RecordingTerminal();
  return { terminal, ended: runCli(args, terminal) };
}

/** Runs a command line to its end. */
export async function anyqueue(...args: readonly string[]) {
  const { terminal, ended } = start(...args);
  const code = await ended;
  return { code, printed: terminal.printed, warned: terminal.warned.join("\n") };
}
