import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that are left after a full collection. */
export function heapUsed(): number {
  // Twice: what a finaliser lets go of is collected in the second.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
