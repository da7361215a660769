import type { ParsedFlags } from "./parse-flags.ts";
import { UsageError } from "./usage-error.ts";

/** The first argument of a command: the queue. */
export function queueArgument(command: string, { positionals }: ParsedFlags): string {
  const [queue] = positionals;
  if (queue !== undefined && queue !== "") return queue;
  throw new UsageError(
    `anyqueue ${command}: which queue? anyqueue ${command} <queue>; --help shows the flags.`,
  );
}
