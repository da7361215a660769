import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Whether the garbage collector takes what a reference points to: nothing that lives holds it. */
export async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("This runtime has no garbage collector to call.");
  // A reference that was made or read keeps its object until the turn is over.
  await nextTurn();
  collect();
  return reference.deref() === undefined;
}
