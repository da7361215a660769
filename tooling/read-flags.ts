import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

interface Config<Options> {
  args: readonly string[];
  options: Options;
}

type Flags<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<Config<Options>>>["values"];

/** What a command of this repository was called with. A flag that it has not ends it with its usage; so does `--help`. */
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

/** Ends the process: it was called with what it cannot do. */
export function refuseFlags(usage: string, what: string): never {
  process.stderr.write(`${what}\n${usage}`);
  process.exit(2);
}
