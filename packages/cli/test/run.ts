import { runCli } from "../src/run-cli.ts";
import { RecordingTerminal } from "./recording-terminal.ts";

/** Runs a command in this process, as one that is typed into a shell. */
export async function run(...args: readonly string[]) {
  const terminal = new RecordingTerminal({ isInputTyped: true });
  const exitCode = await runCli(args, terminal);
  return { exitCode, printed: terminal.printed.join("\n"), warned: terminal.warned.join("\n") };
}
