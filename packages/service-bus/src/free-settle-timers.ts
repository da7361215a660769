import { field } from "./field.ts";

const HOLDERS = ["_streamingReceiver", "_batchingReceiver", "_messageSession"] as const;

/**
 * Lets the process end although a settlement of this receiver was never answered: the SDK gives each one a
 * timer that no close ends (7.9.5). Uses the SDK's inner names. If they are gone, such a process ends two
 * minutes late.
 * @returns how many timers were found
 */
export function freeSettleTimers(receiver: object): number {
  let found = 0;
  for (const name of HOLDERS) {
    const waiting = field(field(receiver, name), "_deliveryDispositionMap");
    if (!(waiting instanceof Map)) continue;
    for (const one of waiting.values()) {
      const timer = field(one, "timer");
      if (!isTimeout(timer)) continue;
      timer.unref();
      found += 1;
    }
  }
  return found;
}

function isTimeout(value: unknown): value is NodeJS.Timeout {
  return typeof field(value, "unref") === "function";
}
