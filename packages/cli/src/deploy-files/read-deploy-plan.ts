import { durationFlag } from "../duration-flag.ts";
import { nearestName } from "../nearest-name.ts";
import { parseFlags, type FlagKinds, type ParsedFlags } from "../parse-flags.ts";
import { UsageError } from "../usage-error.ts";
import { FORMATS } from "./deploy-files.ts";
import { secondsOf, type FunctionSettings, type Runtime } from "./deployment.ts";
import type { Format } from "./generated-file.ts";

/** What one call of `anyqueue deploy-files` should do. */
export interface DeployPlan {
  /** The module with the definition. */
  readonly module: string;
  /** Undefined: the only definition that the module exports. */
  readonly exportName: string | undefined;
  readonly settings: FunctionSettings;
  /** Undefined: all formats of the runtime. */
  readonly format: Format | undefined;
  /** Undefined: standard output. */
  readonly out: string | undefined;
  /** Undefined: as configured. */
  readonly prefix: string | undefined;
}

const FLAGS: FlagKinds = {
  runtime: "value",
  export: "value",
  "function-timeout": "value",
  concurrency: "value",
  "batch-size": "value",
  window: "value",
  format: "value",
  out: "value",
  prefix: "value",
  help: "flag",
};

const RUNTIMES: readonly Runtime[] = ["lambda", "azure-functions", "cloud-run"];
const DEFAULT_TIMEOUT_S = 30;
const DEFAULT_CONCURRENCY = 10;
const DEFAULT_BATCH = { lambda: 10, "azure-functions": 10, "cloud-run": 1 } as const;

/** Returns undefined if the help was asked for. @throws UsageError */
export function readDeployPlan(args: readonly string[]): DeployPlan | undefined {
  const flags = parseFlags("deploy-files", args, FLAGS);
  if (flags.has("help")) return undefined;
  const [module, ...surplus] = flags.positionals;
  if (module === undefined)
    throw mistake("which module has the definition? anyqueue deploy-files ./orders.ts");
  if (surplus.length > 0) throw mistake(`one module at a time; also given: ${surplus.join(" ")}`);
  const runtime = oneOf(flags, "runtime", RUNTIMES);
  if (runtime === undefined) throw mistake(`--runtime is missing; known: ${RUNTIMES.join(", ")}`);
  const timeout = durationFlag("deploy-files", flags, "function-timeout");
  const window = durationFlag("deploy-files", flags, "window");
  return {
    module,
    exportName: flags.value("export"),
    settings: {
      runtime,
      timeoutS: timeout === undefined ? DEFAULT_TIMEOUT_S : secondsOf(timeout),
      concurrency: wholeNumber(flags, "concurrency") ?? DEFAULT_CONCURRENCY,
      batchSize: wholeNumber(flags, "batch-size") ?? DEFAULT_BATCH[runtime],
      windowS: window === undefined ? 0 : secondsOf(window),
    },
    format: oneOf(flags, "format", FORMATS[runtime]),
    out: flags.value("out"),
    prefix: flags.value("prefix"),
  };
}

function oneOf<Value extends string>(
  flags: ParsedFlags,
  name: string,
  known: readonly Value[],
): Value | undefined {
  const given = flags.value(name);
  if (given === undefined) return undefined;
  const found = known.find((each) => each === given);
  if (found !== undefined) return found;
  const nearest = nearestName(given, known);
  const hint = nearest === undefined ? `known: ${known.join(", ")}` : `did you mean ${nearest}?`;
  throw mistake(`--${name} got "${given}"; ${hint}`);
}

function wholeNumber(flags: ParsedFlags, name: string): number | undefined {
  const given = flags.value(name);
  if (given === undefined) return undefined;
  const number = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(number) && number >= 1) return number;
  throw mistake(`--${name}: expected a whole number from 1, got "${given}"`);
}

function mistake(text: string): UsageError {
  return new UsageError(`anyqueue deploy-files: ${text}.`);
}
