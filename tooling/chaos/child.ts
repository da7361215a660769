import { flushCompileCache } from "node:module";
import type { HistoryWriter } from "@anyqueue/conformance";
import type { ChildCommand, ChildNews, ChildSettings } from "./child-commands.ts";

/** The settings in the only argument. */
export function readSettings(): ChildSettings {
  const settings: ChildSettings = JSON.parse(process.argv[2] ?? "{}");
  return settings;
}

/** To whoever started this process; nobody listens any more if that one has died. */
export function tell(news: ChildNews): void {
  process.send?.(news);
}

/**
 * It takes commands from here on. What Node has compiled is kept now: on a busy machine, the first time, that takes longer
 * than the end of a process may, and at its end it would look as if something held it.
 */
export function tellReady(): void {
  flushCompileCache();
  tell({ kind: "ready" });
}

/** Carries out what every child can do, and leaves the rest to `others`. `sinks`: the histories that the process writes. */
export function onCommand(
  others: (command: ChildCommand) => void,
  sinks: readonly HistoryWriter[] = [],
): void {
  process.on("message", (command: ChildCommand) => {
    if (command.kind === "block") blockAs(sinks, command.ms);
    else if (command.kind === "jump") jumpWallClock(command.ms);
    else others(command);
  });
  // Without its watcher the run is over.
  process.on("disconnect", () => process.exit(0));
}

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

/** Standing still is the one thing that a process cannot write down while it does it. */
function blockAs(sinks: readonly HistoryWriter[], ms: number): void {
  for (const sink of sinks) sink.write("proc.still", sink.operation(), { of: sink.proc });
  block(ms);
  for (const sink of sinks) sink.write("proc.wake", sink.operation(), { of: sink.proc });
}

/** Closes the channel to the watcher: whatever still holds the process then, a closed client should not have left behind. */
export function endByItself(): void {
  process.removeAllListeners("disconnect");
  process.disconnect();
}

/** As when somebody sets the machine's clock: `Date` is off, timers and the monotonic clock are not. */
function jumpWallClock(ms: number): void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + ms;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget): Date =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name, receiver): unknown => (name === "now" ? now : Reflect.get(target, name, receiver)),
  });
}
