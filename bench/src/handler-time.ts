import { setTimeout as sleep } from "node:timers/promises";

const FROM_MS = 5;
const SPREAD_MS = 45;

let nth = 0;

/** A handler's wait for somebody else: 5 to 50 ms, 27.5 in the mean, evenly spread, the same sequence in every run. */
export async function slowHandler(): Promise<void> {
  nth += 1;
  // Steps of the golden ratio fill an interval evenly from the first on.
  await sleep(FROM_MS + SPREAD_MS * ((nth * 0.618_033_988_75) % 1));
}
