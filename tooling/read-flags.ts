import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

interface Config<Options> {
  args: readonly string[];
  options: Options;
}

type Flags<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<Config<Options>>>["values"];

/** Reads the flags of a command. An unknown flag and `--help` print the usage and end the process. */
export function readFlags<const Options extends ParseArgsOptionsConfig>(
  usage: string,
  options: Options,
  args: readonly string[] = process.argv.slice(2),
): Flags<Options> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return parseArgs<Config<Options>>({ args, options }).values;
  } catch (error) {
    return refuseFlags(usage, error instanceof Error ? error.message : String(error));
  }
}

/** Ends the process with code 2, for flags that the command cannot accept. */
export function refuseFlags(usage: string, what: string): never {
  process.stderr.write(`${what}\n${usage}`);
  process.exit(2);
}
