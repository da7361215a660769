import type { QueueNaming } from "../invoke/queue-place.ts";
import { parseFlags, type FlagKinds } from "../parse-flags.ts";
import { queueArgument } from "../queue-argument.ts";
import { UsageError } from "../usage-error.ts";
import { wholeNumberFlag } from "../whole-number-flag.ts";

/** What one call of `anyqueue redrive` should do. */
export interface RedrivePlan extends QueueNaming {
  /** Undefined: all. */
  readonly max: number | undefined;
  /** True: counts, but moves nothing. */
  readonly isDryRun: boolean;
  readonly isJson: boolean;
}

const MAX_MESSAGES = 1_000_000_000;

const FLAGS: FlagKinds = {
  url: "value",
  subscription: "value",
  max: "value",
  "dry-run": "flag",
  ordered: "flag",
  json: "flag",
  help: "flag",
};

/** Returns undefined if the help was asked for. @throws UsageError */
export function readRedrivePlan(args: readonly string[]): RedrivePlan | undefined {
  const flags = parseFlags("redrive", args, FLAGS);
  if (flags.has("help")) return undefined;
  const queue = queueArgument("redrive", flags);
  const [, surplus] = flags.positionals;
  if (surplus !== undefined) throw new UsageError(`anyqueue redrive: "${surplus}" is one argument too many.`);
  return {
    queue,
    subscription: flags.value("subscription"),
    url: flags.value("url"),
    isOrdered: flags.has("ordered"),
    max: wholeNumberFlag("redrive", flags, "max", { min: 1, max: MAX_MESSAGES }),
    isDryRun: flags.has("dry-run"),
    isJson: flags.has("json"),
  };
}
