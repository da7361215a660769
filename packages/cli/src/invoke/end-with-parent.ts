import { Worker } from "node:worker_threads";

/**
 * A process that never returns to its event loop misses the end of its channel. So a thread checks its
 * parent: when that is gone, it has another. On Windows the id stays, but asking for that process fails.
 */
const WATCH = `
  const { workerData: parent } = require("node:worker_threads");
  setInterval(() => {
    try {
      process.kill(parent, 0);
      if (process.ppid === parent) return;
    } catch {}
    for (const group of [-process.pid, process.pid]) try { process.kill(group, "SIGKILL"); } catch {}
  }, 500);
`;

/** Every program that runs a function calls this, so that it ends with the command, however that ended. */
export function endWithParent(): void {
  process.once("disconnect", () => process.exit());
  // Without the flags and variables of the process, which may load code into every thread.
  new Worker(WATCH, { eval: true, workerData: process.ppid, execArgv: [], env: {} }).unref();
}
