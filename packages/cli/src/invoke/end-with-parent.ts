import { Worker } from "node:worker_threads";

/**
 * What never comes back to its event loop does not hear that its channel is closed: a thread beside it sees that a process
 * has another parent when its own has gone. Windows keeps the number of one that has gone, and asking for it fails.
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

/** Called by every program that a function runs in, so that it ends with the command, however that ended. */
export function endWithParent(): void {
  process.once("disconnect", () => process.exit());
  // Without the flags and variables of the process, which may load something into every thread.
  new Worker(WATCH, { eval: true, workerData: process.ppid, execArgv: [], env: {} }).unref();
}
