import { setTimeout as sleep } from "node:timers/promises";

const FROM_MS = 5;
const SPREAD_MS = 45;

let nth = 0;

/** A handler that waits for another service: 5 to 50 ms, mean 27.5, evenly spread, the same in every run. */
export async function slowHandler(): Promise<void> {
  nth += 1;
  // Steps of the golden ratio fill an interval evenly from the first step on.
  await sleep(FROM_MS + SPREAD_MS * ((nth * 0.618_033_988_75) % 1));
}
