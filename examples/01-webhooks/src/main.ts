// npm run demo: GitHub's own webhook payloads through every provider, with one program that reads only configuration.
import { parseArgs } from "node:util";
import { STAGES } from "./providers.ts";
import { progressBar, table } from "./report.ts";
import { runProvider, type ProviderRun } from "./run-provider.ts";
import { verdict } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    messages: { type: "string", default: "10000" },
    providers: { type: "string", default: Object.keys(STAGES).join(",") },
  },
});
process.exitCode = await demo();

async function demo(): Promise<number> {
  const count = Number(values.messages);
  const unknown = values.providers.split(",").filter((name) => !(name in STAGES));
  if (!Number.isInteger(count) || count < 1 || unknown.length > 0) {
    process.stderr.write(
      `usage: npm run demo -- [--json] [--messages N] [--providers ${Object.keys(STAGES).join(",")}]\n`,
    );
    return 2;
  }
  const out = values.json ? process.stderr : process.stdout;
  out.write(`${count} GitHub webhooks through the same program, provider after provider\n\n`);
  const runs: ProviderRun[] = [];
  for (const name of values.providers.split(",")) {
    const stage = await STAGES[name]?.();
    if (stage === undefined) continue;
    try {
      runs.push(await runProvider(stage, count, progressBar(name, count, out)));
    } finally {
      await stage.close();
    }
  }
  const results = runs.map((run) => run.result);
  out.write(`\n${table(results)}\n\n`);
  if (values.json) process.stdout.write(`${JSON.stringify({ providers: results })}\n`);
  return judge(runs, out);
}

/** Non-zero if anything was lost or if the providers disagree about what the webhooks said. */
function judge(runs: readonly ProviderRun[], out: NodeJS.WriteStream): number {
  const faults = verdict(runs);
  const lines = faults.length > 0 ? faults : ["nothing lost, and every provider counted the same"];
  out.write(`${lines.join("\n")}\n`);
  return faults.length > 0 ? 1 : 0;
}
