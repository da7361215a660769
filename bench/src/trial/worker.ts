// The measured process. argv: scenario name, stub port, warm-up ms, window ms.
import { setTimeout as sleep } from "node:timers/promises";
import { loadSteady } from "../load-steady.ts";
import type { FromWorker } from "./messages.ts";

const [name = "", port = "0", warmUpMs = "1000", windowMs = "1500"] = process.argv.slice(2);
const running = await (await loadSteady(name)).start({ port: Number(port) });
// On a busy machine connecting and loading take long. The parent gives up after a minute.
// oxlint-disable-next-line no-await-in-loop
while (running.done() === 0) await sleep(5);
await sleep(Number(warmUpMs));
tell({ at: "window-start" });
const before = { atMs: performance.now(), cpu: process.cpuUsage(), done: running.done() };
await sleep(Number(windowMs));
const cpu = process.cpuUsage(before.cpu);
const measurement = {
  messages: running.done() - before.done,
  seconds: (performance.now() - before.atMs) / 1_000,
  cpuMicros: cpu.user + cpu.system,
  rssBytes: process.memoryUsage().rss,
};
tell({ at: "window-end", measurement });
await running.stop();
process.send?.({ at: "stopped", done: running.done() } satisfies FromWorker, () => process.exit(0));

function tell(message: FromWorker): void {
  process.send?.(message);
}
