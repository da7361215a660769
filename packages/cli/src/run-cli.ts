import { readCliVersion } from "./cli-version.ts";
import { up, UP_USAGE } from "./commands/up.ts";
import { nearestName } from "./nearest-name.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** A command gets the arguments after its name and returns the exit code. */
type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([["up", up]]);

const USAGE = `Usage: anyqueue <command> [flags]

Commands
  ${UP_USAGE}

anyqueue <command> --help shows the flags of a command.`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs one command line and returns its exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") {
    terminal.print(readCliVersion());
    return 0;
  }
  if (name === undefined || name === "--help" || name === "help") {
    terminal.print(USAGE);
    return name === undefined ? EXIT_USAGE : 0;
  }
  try {
    const command = COMMANDS.get(name);
    if (command === undefined) throw unknownCommand(name);
    return await command(rest, terminal);
  } catch (error) {
    terminal.warn(error instanceof Error ? error.message : String(error));
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

function unknownCommand(name: string): UsageError {
  const known = [...COMMANDS.keys()];
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `Known: ${known.join(", ")}.` : `Did you mean anyqueue ${nearest}?`;
  return new UsageError(`anyqueue: unknown command "${name}". ${hint}`);
}
