import { readCliVersion } from "./cli-version.ts";
import { nearestName } from "./nearest-name.ts";
import { shellWords } from "./shell-words.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** A command gets the arguments after its name and returns the exit code. */
type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

interface CommandEntry {
  readonly summary: string;
  /** Each command loads only what it needs: `up` no vendor SDK, `send` no emulator. */
  load(): Promise<Command>;
}

const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  [
    "up",
    {
      summary: "start local servers that speak the clouds' own protocols",
      load: async () => (await import("./commands/up.ts")).up,
    },
  ],
  [
    "create",
    {
      summary: "create a queue and its dead letters",
      load: async () => (await import("./commands/create.ts")).create,
    },
  ],
  [
    "send",
    {
      summary: "send a message, or every line of a file, to a queue",
      load: async () => (await import("./commands/send.ts")).send,
    },
  ],
  [
    "tail",
    {
      summary: "show the messages of a queue as they come, and give them back",
      load: async () => (await import("./commands/tail.ts")).tail,
    },
  ],
  [
    "redrive",
    {
      summary: "move the dead letters of a queue back into it",
      load: async () => (await import("./commands/redrive.ts")).redrive,
    },
  ],
  [
    "invoke",
    {
      summary: "call a function file with the messages of a queue, as its platform would",
      load: async () => (await import("./commands/invoke.ts")).invoke,
    },
  ],
  [
    "deploy-files",
    {
      summary: "print what a function behind a queue needs, for your own tools to apply",
      load: async () => (await import("./commands/deploy-files.ts")).deployFiles,
    },
  ],
]);

const USAGE = `Usage: anyqueue <command> [flags]

Commands
${[...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`).join("\n")}

anyqueue <command> --help shows the flags of a command.`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs one command line and returns its exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version" || name === "-v") {
    terminal.print(readCliVersion());
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.print(USAGE);
    return name === undefined ? EXIT_USAGE : 0;
  }
  try {
    const entry = COMMANDS.get(name);
    if (entry === undefined) throw unknownCommand(name);
    const command = await entry.load();
    return await command(rest, terminal);
  } catch (error) {
    // A provider's error has code, place and remedy in its message, and never a secret.
    const text = error instanceof Error ? error.message : String(error);
    terminal.warn(shellWords(error, text));
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

function unknownCommand(name: string): UsageError {
  const known = [...COMMANDS.keys()];
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `Known: ${known.join(", ")}.` : `Did you mean anyqueue ${nearest}?`;
  return new UsageError(`anyqueue: unknown command "${name}". ${hint}`);
}
