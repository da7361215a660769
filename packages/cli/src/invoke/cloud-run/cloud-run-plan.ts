import { durationMsFlag } from "../../duration-flag.ts";
import type { ParsedFlags } from "../../parse-flags.ts";
import { UsageError } from "../../usage-error.ts";
import { wholeNumberFlag } from "../../whole-number-flag.ts";

/** What of a run is Cloud Run's, and the push subscription's before it. */
export interface CloudRunPlan {
  readonly runtime: "cloud-run";
  /** Requests at once. */
  readonly maxConcurrency: number;
  /** The subscription's ack deadline: no answer by then is a failure. */
  readonly timeoutMs: number;
  /** Name of a function, which the functions framework of the app then serves. */
  readonly target: string | undefined;
  /** Where requests go. */
  readonly path: string;
  /** Undefined: requests carry no token. */
  readonly token: TokenPlan | undefined;
}

/** Who signs the tokens, and what they say. */
export interface TokenPlan {
  /** Base URL of an emulator's control API. */
  readonly from: string;
  readonly audience: string;
  readonly email: string;
}

// https://cloud.google.com/run/docs/about-concurrency (2026-11-29): 80 requests per instance by default;
// https://cloud.google.com/pubsub/docs/subscription-properties#ack_deadline (2026-11-29): 10 s by default, 600 s at most
const DEFAULTS = Object.freeze({ maxConcurrency: 80, timeoutMs: 10_000, email: "push@anyqueue.invalid" });

export function readCloudRunPlan(flags: ParsedFlags): CloudRunPlan {
  const path = flags.value("path") ?? "/";
  if (!path.startsWith("/")) throw mistake(`--path must begin with a slash, got "${path}".`);
  return {
    runtime: "cloud-run",
    maxConcurrency:
      wholeNumberFlag("invoke", flags, "max-concurrency", { min: 1, max: 1_000 }) ?? DEFAULTS.maxConcurrency,
    timeoutMs: durationMsFlag("invoke", flags, "timeout", { min: "1ms", max: "10m" }) ?? DEFAULTS.timeoutMs,
    target: flags.value("target"),
    path,
    token: readToken(flags),
  };
}

function readToken(flags: ParsedFlags): TokenPlan | undefined {
  const from = flags.value("token-from");
  const audience = flags.value("audience");
  const email = flags.value("service-account");
  if (from === undefined && audience === undefined && email === undefined) return undefined;
  if (from === undefined)
    throw mistake("who signs the token? Add --token-from <control endpoint>, which anyqueue up prints.");
  if (!/^https?:\/\//i.test(from) || !URL.canParse(from))
    throw mistake(`--token-from must be a URL such as http://127.0.0.1:4100, got "${from}".`);
  if (audience === undefined) throw mistake("whom is the token for? Add --audience <text>.");
  // As `anyqueue up` prints it, or as `emulator.endpoints` has it.
  return { from: from.replace(/\/__anyqueue\/?$/, ""), audience, email: email ?? DEFAULTS.email };
}

function mistake(what: string): UsageError {
  return new UsageError(`anyqueue invoke: ${what}`);
}
