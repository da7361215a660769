import type { Duration } from "@anyqueue/core";
import { durationFlag } from "../duration-flag.ts";
import { parseFlags, type FlagKinds, type ParsedFlags } from "../parse-flags.ts";
import { queueArgument } from "../queue-argument.ts";
import { UsageError } from "../usage-error.ts";

/** What one call of `anyqueue create` should do. */
export interface CreatePlan {
  readonly queue: string;
  readonly url: string | undefined;
  readonly isOrdered: boolean;
  readonly isDeduplicating: boolean;
  readonly hasDeadLetters: boolean;
  readonly attempts: number | "unlimited" | undefined;
  readonly lease: Duration | undefined;
}

const FLAGS: FlagKinds = {
  url: "value",
  ordered: "flag",
  deduplicating: "flag",
  attempts: "value",
  lease: "value",
  "no-dead-letters": "flag",
  help: "flag",
};

/** Returns undefined if the help was asked for. @throws UsageError */
export function readCreatePlan(args: readonly string[]): CreatePlan | undefined {
  const flags = parseFlags("create", args, FLAGS);
  if (flags.has("help")) return undefined;
  const queue = queueArgument("create", flags);
  const [, surplus] = flags.positionals;
  if (surplus !== undefined) throw mistake(`"${surplus}" is one argument too many.`);
  const hasDeadLetters = !flags.has("no-dead-letters");
  const attempts = readAttempts(flags);
  if (typeof attempts === "number" && !hasDeadLetters) {
    throw mistake("--attempts end in the dead letters, which --no-dead-letters leaves out.");
  }
  return {
    queue,
    url: flags.value("url"),
    isOrdered: flags.has("ordered"),
    isDeduplicating: flags.has("deduplicating"),
    hasDeadLetters,
    attempts,
    lease: durationFlag("create", flags, "lease"),
  };
}

function readAttempts(flags: ParsedFlags): number | "unlimited" | undefined {
  const text = flags.value("attempts");
  if (text === undefined || text === "unlimited") return text;
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw mistake(`--attempts must be a whole number from 1, or "unlimited", got "${text}".`);
}

function mistake(what: string): UsageError {
  return new UsageError(`anyqueue create: ${what}`);
}
