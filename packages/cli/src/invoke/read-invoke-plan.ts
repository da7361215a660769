import { parseFlags, type FlagKinds, type ParsedFlags } from "../parse-flags.ts";
import { nearestName } from "../nearest-name.ts";
import { UsageError } from "../usage-error.ts";
import { readAzureFunctionsPlan, type AzureFunctionsPlan } from "./azure-functions/azure-functions-plan.ts";
import { readCloudRunPlan, type CloudRunPlan } from "./cloud-run/cloud-run-plan.ts";
import { readLambdaPlan, type LambdaPlan } from "./lambda/lambda-plan.ts";

/** What one call of `anyqueue invoke` should do. */
export interface InvokePlan {
  readonly file: string;
  readonly queue: string;
  readonly subscription: string | undefined;
  readonly url: string | undefined;
  readonly isOrdered: boolean;
  readonly isOnce: boolean;
  readonly isJson: boolean;
  readonly platform: LambdaPlan | AzureFunctionsPlan | CloudRunPlan;
}

export type Runtime = InvokePlan["platform"]["runtime"];

const COMMON: FlagKinds = {
  queue: "value",
  subscription: "value",
  url: "value",
  runtime: "value",
  ordered: "flag",
  once: "flag",
  json: "flag",
  help: "flag",
};

/** Flags that only one runtime has. */
const OWN: Readonly<Record<Runtime, FlagKinds>> = {
  lambda: {
    "batch-size": "value",
    window: "value",
    "report-batch-item-failures": "flag",
    "max-concurrency": "value",
    timeout: "value",
    "runtime-client": "value",
  },
  "azure-functions": {
    function: "value",
    "batch-size": "value",
    "max-concurrency": "value",
    timeout: "value",
  },
  "cloud-run": {
    "max-concurrency": "value",
    timeout: "value",
    target: "value",
    path: "value",
    audience: "value",
    "service-account": "value",
    "token-from": "value",
    emulator: "value",
    "cloud-events": "flag",
  },
};

/** Returns undefined if the help was asked for. @throws UsageError */
export function readInvokePlan(args: readonly string[]): InvokePlan | undefined {
  const flags = parseFlags("invoke", args, { ...COMMON, ...Object.assign({}, ...Object.values(OWN)) });
  if (flags.has("help")) return undefined;
  const [file, surplus] = flags.positionals;
  if (file === undefined || file === "")
    throw mistake("which function? anyqueue invoke <function file>; --help shows the flags.");
  if (surplus !== undefined) throw mistake(`"${surplus}" is one argument too many.`);
  const queue = flags.value("queue");
  if (queue === undefined) throw mistake("which queue? Add --queue <name or url>.");
  const runtime = readRuntime(flags);
  refuseForeign(flags, runtime);
  return {
    file,
    queue,
    subscription: readSubscription(flags, runtime),
    url: flags.value("url"),
    isOrdered: flags.has("ordered"),
    isOnce: flags.has("once"),
    isJson: flags.has("json"),
    platform: READERS[runtime](flags),
  };
}

const READERS: { readonly [R in Runtime]: (flags: ParsedFlags) => InvokePlan["platform"] } = {
  lambda: readLambdaPlan,
  "azure-functions": readAzureFunctionsPlan,
  "cloud-run": readCloudRunPlan,
};

function readRuntime(flags: ParsedFlags): Runtime {
  const given = flags.value("runtime");
  const known = Object.keys(READERS);
  if (given === undefined) throw mistake(`which platform? Add --runtime ${known.join("|")}.`);
  if (isRuntime(given)) return given;
  const nearest = nearestName(given, known);
  throw mistake(
    `unknown runtime "${given}". ${nearest === undefined ? `Known: ${known.join(", ")}.` : `Did you mean ${nearest}?`}`,
  );
}

function isRuntime(name: string): name is Runtime {
  return Object.hasOwn(READERS, name);
}

/** Refuses a flag that the platform does not have: if ignored, somebody would rely on it. */
function refuseForeign(flags: ParsedFlags, runtime: Runtime): void {
  for (const [other, kinds] of Object.entries(OWN))
    for (const name of Object.keys(kinds))
      if (flags.has(name) && !Object.hasOwn(OWN[runtime], name))
        throw mistake(`--${name} belongs to --runtime ${other}; ${runtime} has no such setting.`);
}

function readSubscription(flags: ParsedFlags, runtime: Runtime): string | undefined {
  const subscription = flags.value("subscription");
  if (subscription === "") throw mistake("which subscription? --subscription needs a name.");
  if (subscription === undefined || runtime !== "lambda") return subscription;
  throw mistake("--subscription is of topics, which SQS has none of; name the queue.");
}

function mistake(what: string): UsageError {
  return new UsageError(`anyqueue invoke: ${what}`);
}
