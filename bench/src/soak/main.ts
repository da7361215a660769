import { writeFileSync } from "node:fs";
import { spawnEmulator } from "@anyqueue/emulator";
import { readFlags, refuseFlags } from "../../../tooling/read-flags.ts";
import { Child } from "../trial/children.ts";
import { compile } from "../trial/compile.ts";
import { judgeSoak, soakTable, type SoakReport, type SoakRow } from "./soak-report.ts";
import type { FromSoakClient, Sample } from "./messages.ts";

const USAGE = `usage: pnpm bench:soak [--minutes N] [--rate N] [--only PROVIDER] [--publish]
  --minutes  how long (10)
  --rate     messages a second on each provider (500)
  --only     providers with this text in their name: memory, sqs, service-bus, pubsub
  --publish  writes docs/reference/soak.json
`;
const values = readFlags(USAGE, {
  minutes: { type: "string", default: "10" },
  rate: { type: "string", default: "500" },
  only: { type: "string", default: "" },
  publish: { type: "boolean", default: false },
});
const minutes = positive("--minutes", values.minutes);
const rate = positive("--rate", values.rate);

if (!["memory", "sqs", "service-bus", "pubsub"].some((provider) => provider.includes(values.only)))
  refuseFlags(USAGE, `--only ${values.only}: no provider has that in its name`);

await compile();
const emulator = await spawnEmulator({ sqsPort: 0, serviceBusPort: 0, pubsubPort: 0 });
const { sqs = "", serviceBus = "", pubsub = "" } = emulator.endpoints;
Object.assign(process.env, emulator.environment);
const urls = Object.entries({
  memory: "memory:",
  sqs: `sqs://us-east-1?endpoint=${sqs}`,
  "service-bus": `service-bus://emulator?endpoint=${serviceBus}`,
  pubsub: `pubsub://soak?endpoint=${pubsub}`,
}).filter(([provider]) => provider.includes(values.only));

const rows = await Promise.all(urls.map(([provider, url]) => soak(provider, url)));
await emulator.close();
const report: SoakReport = { date: new Date().toISOString().slice(0, 10), minutes, rate, rows };
process.stdout.write(`${soakTable(rows)}\n`);
write("../../soak-report.json", report);
if (values.publish) {
  const withoutSamples = { ...report, rows: rows.map((row) => ({ ...row, samples: [] })) };
  write("../../../docs/reference/soak.json", withoutSamples);
}
process.exit(rows.every(({ verdict }) => verdict === "pass") ? 0 : 1);

/** Runs one provider. All run at the same time, because a soak measures memory and not speed. */
async function soak(provider: string, url: string): Promise<SoakRow> {
  const child = new Child("soak/client", [url, rate, minutes * 60_000]);
  const samples: Sample[] = [];
  try {
    for (;;) {
      // In sequence, because the child sends one message after another.
      // oxlint-disable-next-line no-await-in-loop
      const message = await child.next<FromSoakClient>();
      if (message.at === "end") return judgeSoak(provider, message.counts, samples);
      samples.push(message.sample);
      process.stderr.write(".");
    }
  } finally {
    child.stop();
  }
}

function write(path: string, content: SoakReport): void {
  writeFileSync(new URL(path, import.meta.url), `${JSON.stringify(content, null, 2)}\n`);
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  return refuseFlags(USAGE, `${flag} ${text}: expected a number above 0`);
}
