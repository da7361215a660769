import { flushCompileCache } from "node:module";
import type { HistoryWriter } from "@anyqueue/conformance";
import type { ChildCommand, ChildNews, ChildSettings } from "./child-commands.ts";

/** Parses the settings in the only argument. */
export function readSettings(): ChildSettings {
  const settings: ChildSettings = JSON.parse(process.argv[2] ?? "{}");
  return settings;
}

/** Sends news to the parent process. Does nothing if there is no channel to it. */
export function tell(news: ChildNews): void {
  process.send?.(news);
}

/**
 * Reports that this process takes commands from now on. Flushes the compile cache first: on a busy machine
 * the first flush takes longer than a process may take to end, and then it would look like a hanging process.
 */
export function tellReady(): void {
  flushCompileCache();
  tell({ kind: "ready" });
}

/** Runs the commands of every child and passes the rest to `others`. `sinks`: the process's histories. */
export function onCommand(
  others: (command: ChildCommand) => void,
  sinks: readonly HistoryWriter[] = [],
): void {
  process.on("message", (command: ChildCommand) => {
    if (command.kind === "block") blockAs(sinks, command.ms);
    else if (command.kind === "jump") jumpWallClock(command.ms);
    else others(command);
  });
  // Without the parent the run is over.
  process.on("disconnect", () => process.exit(0));
}

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

/** A blocked process cannot write to its history, so the block is recorded before and after it. */
function blockAs(sinks: readonly HistoryWriter[], ms: number): void {
  for (const sink of sinks) sink.write("proc.still", sink.operation(), { of: sink.proc });
  block(ms);
  for (const sink of sinks) sink.write("proc.wake", sink.operation(), { of: sink.proc });
}

/** Closes the channel to the parent. If the process still runs then, a closed client left something open. */
export function endByItself(): void {
  process.removeAllListeners("disconnect");
  process.disconnect();
}

/** Acts like a change of the machine's clock: it shifts `Date`, but not timers and the monotonic clock. */
function jumpWallClock(ms: number): void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + ms;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget): Date =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name, receiver): unknown => (name === "now" ? now : Reflect.get(target, name, receiver)),
  });
}
