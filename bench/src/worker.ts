// One measured process. argv: scenario name, stub port, warm-up ms, window ms.
import { setTimeout as sleep } from "node:timers/promises";
import { median, type Measurement } from "./measure.ts";
import { findScenario } from "./scenarios/all.ts";

const [name = "", port = "0", warmUpMs = "1000", windowMs = "1500"] = process.argv.slice(2);
const running = await findScenario(name).start({ port: Number(port) });
await sleep(Number(warmUpMs));
const before = { at: performance.now(), cpu: process.cpuUsage(), done: running.done() };
await sleep(Number(windowMs));
const cpu = process.cpuUsage(before.cpu);
const measurement: Measurement = {
  messages: running.done() - before.done,
  seconds: (performance.now() - before.at) / 1_000,
  cpuMicros: cpu.user + cpu.system,
  rssBytes: process.memoryUsage().rss,
  roundTripMs: medianOf(running.latenciesMs?.()),
};
await running.stop();
process.send?.({ measurement, total: running.done() }, () => process.exit(0));

function medianOf(values: readonly number[] | undefined): number | undefined {
  return values === undefined ? undefined : median(values);
}
