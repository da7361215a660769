import { startEmulator } from "./emulator.ts";

/**
 * Entry of the process that `spawnEmulator` starts: options as JSON in the only argument, endpoints
 * as the first line on standard output. It ends when its standard input does, so that no emulator
 * outlives a parent that was killed.
 */
const emulator = await startEmulator(JSON.parse(process.argv[2] ?? "{}"));
process.stdout.write(
  `${JSON.stringify({ endpoints: emulator.endpoints, environment: emulator.environment })}\n`,
);
process.stdin.once("end", () => {
  void emulator.close();
});
process.stdin.resume();
