import { durationFlag, durationMs } from "../duration-flag.ts";
import { parseFlags, type FlagKinds, type ParsedFlags } from "../parse-flags.ts";
import { queueArgument } from "../queue-argument.ts";
import { UsageError } from "../usage-error.ts";

/** What one call of `anyqueue tail` should do. */
export interface TailPlan {
  readonly queue: string;
  readonly url: string | undefined;
  readonly isOrdered: boolean;
  readonly isOfDeadLetters: boolean;
  /** True: removes shown messages. False: holds them and gives them back. */
  readonly removes: boolean;
  readonly maxMessages: number;
  readonly forMs: number;
  /** The same for people to read. */
  readonly forText: string;
  readonly isJson: boolean;
}

/** Limits of what a tail withholds from the queue's own consumers. */
const HOLDING = Object.freeze({
  defaultMessages: 100,
  maxMessages: 1_000,
  defaultTime: "10m",
  /** The engine gives back messages held for an hour; they would come again as another delivery. */
  maxMs: 60 * 60_000,
});

const FLAGS: FlagKinds = {
  url: "value",
  ack: "flag",
  consume: "flag",
  max: "value",
  for: "value",
  "dead-letters": "flag",
  ordered: "flag",
  json: "flag",
  help: "flag",
};

/** Returns undefined if the help was asked for. @throws UsageError */
export function readTailPlan(args: readonly string[]): TailPlan | undefined {
  const flags = parseFlags("tail", args, FLAGS);
  if (flags.has("help")) return undefined;
  const queue = queueArgument("tail", flags);
  const [, surplus] = flags.positionals;
  if (surplus !== undefined) throw mistake(`"${surplus}" is one argument too many.`);
  const removes = flags.has("ack") || flags.has("consume");
  return {
    queue,
    url: flags.value("url"),
    isOrdered: flags.has("ordered"),
    isOfDeadLetters: flags.has("dead-letters"),
    removes,
    maxMessages: readMax(flags, removes),
    ...readFor(flags, removes),
    isJson: flags.has("json"),
  };
}

function readMax(flags: ParsedFlags, removes: boolean): number {
  const text = flags.value("max");
  if (text === undefined) return removes ? Number.POSITIVE_INFINITY : HOLDING.defaultMessages;
  const max = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(max >= 1)) throw mistake(`--max must be a whole number from 1, got "${text}".`);
  if (removes || max <= HOLDING.maxMessages) return max;
  throw mistake(`--max is ${HOLDING.maxMessages} at most without --ack, because all are held until the end.`);
}

function readFor(flags: ParsedFlags, removes: boolean): Pick<TailPlan, "forMs" | "forText"> {
  const given = durationFlag("tail", flags, "for");
  if (given === undefined && removes) return { forMs: Number.POSITIVE_INFINITY, forText: "no end" };
  const forText = given ?? HOLDING.defaultTime;
  const forMs = durationMs(forText);
  if (removes || forMs <= HOLDING.maxMs) return { forMs, forText };
  throw mistake("--for is 1h at most without --ack, because no message can be held for longer.");
}

function mistake(what: string): UsageError {
  return new UsageError(`anyqueue tail: ${what}`);
}
