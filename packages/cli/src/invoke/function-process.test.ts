import { expect, test } from "vitest";
import { FunctionProcess } from "./function-process.ts";

/** A process that starts another, which has its output and would outlive it, then does as it is told. */
function leavingAChild(then: string, onLine: (line: string) => void = () => {}): FunctionProcess {
  const program = `
    require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit" });
    console.log("started");
    ${then}`;
  return new FunctionProcess({ command: [process.execPath, "-e", program], environment: {}, onLine });
}

const onPosix = test.skipIf(process.platform === "win32");

onPosix("a process has ended when its program has, whatever that started", async () => {
  expect(await leavingAChild("setTimeout(() => process.exit(3), 10)").ended).toBe("exit code 3");
});

onPosix("a process ends with what its program started", async () => {
  const hasStarted = Promise.withResolvers<void>();
  const started = leavingAChild("setInterval(() => {}, 1_000)", () => hasStarted.resolve());
  await hasStarted.promise;
  await started.end();
  expect(await started.ended).toBe("signal SIGTERM");
});
