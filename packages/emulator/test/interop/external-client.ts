import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import type { TestContext } from "vitest";
import { startEmulator, type Emulator } from "@anyqueue/emulator";

const run = promisify(execFile);

/** External programs get fixed credentials and our endpoint, but nothing of the machine's configuration. */
function clientEnvironment(emulator: Emulator): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...emulator.environment,
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}

/** Runs a program to its end and returns its output. On failure, the error shows its stderr. */
export async function runClient(
  emulator: Emulator,
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const env = { ...clientEnvironment(emulator), ...options.env };
  const { stdout } = await run(command, [...args], { env, cwd: options.cwd, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

/** Skips with a visible reason if a client is not installed. Developing anyqueue needs none of them. */
export function requireClient(context: TestContext, command: string, args: readonly string[]): void {
  const found = spawnSync(command, [...args], { stdio: "ignore" });
  if (found.status !== 0)
    context.skip(`${[command, ...args].join(" ")} does not run here: client not installed`);
}

/** Gives each test an emulator of its own. */
export async function withEmulator(use: (emulator: Emulator) => Promise<void>): Promise<void> {
  const emulator = await startEmulator({ sqsPort: 0 });
  try {
    await use(emulator);
  } finally {
    await emulator.close();
  }
}
