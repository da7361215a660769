// npm run demo: sends GitHub's own webhook payloads through every provider, with one program that only reads
// its configuration.
import { parseArgs } from "node:util";
import { STAGES } from "./providers.ts";
import { progressBars, table, type Progress } from "./report.ts";
import { runProvider, type ProviderRun, type Watcher } from "./run-provider.ts";
import { verdict } from "./verdict.ts";

const USAGE = `usage: npm run demo -- [--json] [--messages N] [--providers ${Object.keys(STAGES).join(",")}]`;

process.exitCode = await demo();

async function demo(): Promise<number> {
  const plan = readPlan();
  if (typeof plan === "string") {
    process.stderr.write(`${plan}\n${USAGE}\n`);
    return 2;
  }
  const { isJson, count, names } = plan;
  const out = isJson ? process.stderr : process.stdout;
  out.write(`${count} GitHub webhooks through the same program, on one provider after the other\n\n`);
  const runs = await runAll(names, count, progressBars(names, count, out));
  const results = runs.map((run) => run.result);
  out.write(`\n${table(results)}\n\n`);
  if (isJson) process.stdout.write(`${JSON.stringify({ providers: results })}\n`);
  return judge(runs, out);
}

interface Plan {
  readonly isJson: boolean;
  /** Messages for each provider. */
  readonly count: number;
  readonly names: readonly string[];
}

/** Returns what the command line asks for, or what is wrong with it. */
function readPlan(): Plan | string {
  let values: { readonly json: boolean; readonly messages: string; readonly providers: string };
  try {
    ({ values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        messages: { type: "string", default: "10000" },
        providers: { type: "string", default: Object.keys(STAGES).join(",") },
      },
    }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const count = Number(values.messages);
  if (!Number.isInteger(count) || count < 1) return `--messages: ${values.messages} is no positive number`;
  const names = [...new Set(values.providers.split(","))];
  const unknown = names.filter((name) => !Object.hasOwn(STAGES, name));
  if (unknown.length > 0) return `--providers: there is no ${unknown.join(", ")}`;
  return { isJson: values.json, count, names };
}

/**
 * Starts with the clouds that have the longest leases. While a provider waits for the leases of its killed
 * worker, it needs no processor, so the next one runs.
 */
async function runAll(names: readonly string[], count: number, progress: Progress): Promise<ProviderRun[]> {
  const runs = new Map<string, Promise<ProviderRun>>();
  for (const name of names.toReversed()) {
    const { promise: isWaiting, resolve } = Promise.withResolvers<void>();
    const run = runStage(name, count, {
      onProgress: (settled) => progress(name, settled),
      onWaiting: resolve,
    });
    runs.set(name, run);
    await Promise.race([isWaiting, run]);
  }
  return await Promise.all(names.flatMap((name) => runs.get(name) ?? []));
}

async function runStage(name: string, count: number, watcher: Watcher): Promise<ProviderRun> {
  const stage = await STAGES[name]?.();
  if (stage === undefined) throw new Error(`no provider ${name}`);
  try {
    return await runProvider(stage, count, watcher);
  } finally {
    await stage.close();
  }
}

/** Returns 1 if anything was lost or if the providers disagree about the webhooks' content, otherwise 0. */
function judge(runs: readonly ProviderRun[], out: NodeJS.WriteStream): number {
  const faults = verdict(runs);
  const lines = faults.length > 0 ? faults : ["nothing lost, and every provider counted the same"];
  out.write(`${lines.join("\n")}\n`);
  return faults.length > 0 ? 1 : 0;
}
