import { EmulatorError } from "./emulator-error.ts";
import { startEmulator } from "./emulator.ts";

/**
 * Entry point of the process that `spawnEmulator` starts. The only argument holds the options as JSON. The
 * first line on standard output holds the endpoints, or the reason for a failure. The process ends when its
 * standard input ends, so no emulator outlives a parent that was killed.
 */
async function serve(): Promise<void> {
  const emulator = await startEmulator(JSON.parse(process.argv[2] ?? "{}"));
  tell({ endpoints: emulator.endpoints, environment: emulator.environment });
  process.stdin.once("end", () => {
    void emulator.close();
  });
  process.stdin.resume();
}

function fail(error: unknown): void {
  if (!(error instanceof EmulatorError)) throw error;
  tell({ error: { code: error.code, message: error.message } });
  process.exitCode = 1;
}

function tell(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

serve().catch(fail);
