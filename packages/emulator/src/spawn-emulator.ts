import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { controlClient, type ControlClient } from "./control/control-client.ts";
import type { Emulator } from "./emulator.ts";
import { EmulatorError } from "./emulator-error.ts";
import { resolveEmulatorOptions, type EmulatorOptions } from "./emulator-options.ts";
import { readChildGreeting } from "./control/control-wire.ts";

/** An emulator in its own process. */
export interface SpawnedEmulator extends Pick<Emulator, "endpoints" | "environment"> {
  /** Its remote control. */
  readonly control: ControlClient;
  /** Ends the process, and resolves once it has exited. */
  close(): Promise<void>;
}

/**
 * Starts an emulator as a child process, so that it shares neither event loop nor heap with the code under
 * test. The child ends with its parent.
 */
export async function spawnEmulator(options: EmulatorOptions = {}): Promise<SpawnedEmulator> {
  const argument = JSON.stringify(resolveEmulatorOptions(options));
  const child = spawn(process.execPath, [childFile(), argument], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const line = await firstLine(child, exited);
  const { endpoints, environment } = readChildGreeting(line);
  return {
    endpoints,
    environment,
    control: controlClient(endpoints.control),
    async close() {
      child.stdin?.end();
      await exited;
    },
  };
}

/** The file lies beside this module, both in source and in the built package. */
function childFile(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`./child.${extension}`, import.meta.url));
}

async function firstLine(child: ChildProcess, exited: Promise<number | null>): Promise<string> {
  if (child.stdout === null)
    throw new EmulatorError("CHILD_FAILED", "The emulator process has no standard output.");
  const lines = createInterface({ input: child.stdout });
  const first = once(lines, "line").then(([line]) => String(line));
  const line = await Promise.race([first, exited]);
  if (typeof line === "string") return line;
  throw new EmulatorError(
    "CHILD_FAILED",
    `The emulator process ended with code ${String(line)} before it was ready. Its standard error says why.`,
  );
}
