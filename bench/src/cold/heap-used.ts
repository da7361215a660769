import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes on the heap after a full garbage collection. */
export function heapUsed(): number {
  // Twice, because the second collects what finalisers release.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
