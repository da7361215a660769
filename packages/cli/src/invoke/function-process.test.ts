import { describe, expect, test } from "vitest";
import { FunctionProcess } from "./function-process.ts";

/** A process that starts a child, which shares its output and would outlive it, and then runs `then`. */
function leavingAChild(then: string, onLine: (line: string) => void = () => {}): FunctionProcess {
  const program = `
    require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit" });
    console.log("started");
    ${then}`;
  return new FunctionProcess({ command: [process.execPath, "-e", program], environment: {}, onLine });
}

describe.skipIf(process.platform === "win32")("a process whose program started another", () => {
  test("has ended when its program has", async () => {
    expect(await leavingAChild("setTimeout(() => process.exit(3), 10)").ended).toBe("exit code 3");
  });

  test("ends with it", async () => {
    const hasStarted = Promise.withResolvers<void>();
    const started = leavingAChild("setInterval(() => {}, 1_000)", () => hasStarted.resolve());
    await hasStarted.promise;
    await started.end();
    expect(await started.ended).toBe("signal SIGTERM");
  });
});
