import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Returns true if the garbage collector frees the referenced object, because nothing alive holds it. */
export async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("This runtime has no garbage collector to call.");
  // A WeakRef that was created or read keeps its object until the turn ends.
  await nextTurn();
  collect();
  return reference.deref() === undefined;
}
