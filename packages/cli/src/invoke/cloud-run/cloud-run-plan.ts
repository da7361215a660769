import { durationMsFlag } from "../../duration-flag.ts";
import type { ParsedFlags } from "../../parse-flags.ts";
import { UsageError } from "../../usage-error.ts";
import { wholeNumberFlag } from "../../whole-number-flag.ts";

/** The settings of a run for Cloud Run and the push subscription in front of it. */
export interface CloudRunPlan {
  readonly runtime: "cloud-run";
  /** Parallel requests. */
  readonly maxConcurrency: number;
  /** The subscription's ack deadline: no answer by then is a failure. */
  readonly timeoutMs: number;
  /** Name of a function; the functions framework of the app then serves it. */
  readonly target: string | undefined;
  /** Path to which requests are posted. */
  readonly path: string;
  /** Undefined: requests carry no token. */
  readonly token: TokenPlan | undefined;
  /** True: posted as Eventarc does for a trigger's function, not as a subscription pushes. */
  readonly isCloudEvents: boolean;
  /** Undefined: no emulator is known, or it does not matter. */
  readonly emulator: EmulatorPlan | undefined;
}

/** An emulator that pushes by itself, if the queue is in it. */
export interface EmulatorPlan {
  /** Base URL of its control API. */
  readonly control: string;
  /** False: the environment names it, and the queue may be elsewhere. */
  readonly isAskedFor: boolean;
}

/** Who signs the tokens, and their claims. */
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
  const emulator = readEmulator(flags);
  const isCloudEvents = flags.has("cloud-events");
  if (isCloudEvents && emulator?.isAskedFor === true)
    throw mistake("--cloud-events are made here: leave out --emulator, which pushes.");
  return {
    runtime: "cloud-run",
    maxConcurrency:
      wholeNumberFlag("invoke", flags, "max-concurrency", { min: 1, max: 1_000 }) ?? DEFAULTS.maxConcurrency,
    timeoutMs: durationMsFlag("invoke", flags, "timeout", { min: "1ms", max: "10m" }) ?? DEFAULTS.timeoutMs,
    target: flags.value("target"),
    path,
    token: readToken(flags, emulator),
    isCloudEvents,
    emulator: isCloudEvents ? undefined : emulator,
  };
}

/** `anyqueue up` prints the variable next to those of Pub/Sub. */
function readEmulator(flags: ParsedFlags): EmulatorPlan | undefined {
  const given = flags.value("emulator");
  const named = given ?? process.env["ANYQUEUE_EMULATOR"] ?? "";
  if (named === "" && given === undefined) return undefined;
  const name = given === undefined ? "ANYQUEUE_EMULATOR" : "--emulator";
  return { control: controlUrl(name, named), isAskedFor: given !== undefined };
}

function readToken(flags: ParsedFlags, emulator: EmulatorPlan | undefined): TokenPlan | undefined {
  const given = flags.value("token-from");
  const audience = flags.value("audience");
  const email = flags.value("service-account");
  if (given === undefined && audience === undefined && email === undefined) return undefined;
  const from = given === undefined ? emulator?.control : controlUrl("--token-from", given);
  if (from === undefined)
    throw mistake("who signs the token? Add --token-from <control endpoint>, which anyqueue up prints.");
  if (audience === undefined) throw mistake("whom is the token for? Add --audience <text>.");
  return { from, audience, email: email ?? DEFAULTS.email };
}

/** Accepts what `anyqueue up` prints, or a value of `emulator.endpoints`. */
function controlUrl(name: string, given: string): string {
  if (/^https?:\/\//i.test(given) && URL.canParse(given)) return given.replace(/\/__anyqueue\/?$/, "");
  throw mistake(`${name} must be a URL such as http://127.0.0.1:4100, got "${given}".`);
}

function mistake(what: string): UsageError {
  return new UsageError(`anyqueue invoke: ${what}`);
}
