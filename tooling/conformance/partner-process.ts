import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export const PARTNER_HOST = "127.0.0.1";
const START_LIMIT_MS = 60_000;

export interface PartnerProcess {
  /** The line with which the server reported that it is ready. */
  readonly line: string;
  close(): Promise<void>;
}

/**
 * Starts a server that reports on stdout or stderr when it is ready. Its stdin stays open as long as this
 * process lives.
 * @throws if it ends or does not report
 */
export async function startPartnerProcess(
  command: string,
  args: readonly string[],
  isReady: (line: string) => boolean,
): Promise<PartnerProcess> {
  const child = spawn(command, [...args], { stdio: ["pipe", "pipe", "pipe"] });
  // A test that times out never closes its server.
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  const exited = once(child, "exit");
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${command} was not ready within ${START_LIMIT_MS} ms`)),
      START_LIMIT_MS,
    );
    const heard = (text: string): void => {
      if (isReady(text)) resolve(text);
    };
    createInterface({ input: child.stdout }).on("line", heard);
    createInterface({ input: child.stderr }).on("line", heard);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with code ${code} before it was ready`)));
    void exited.finally(() => clearTimeout(timer));
  }).catch((error: unknown) => {
    end();
    throw error;
  });
  return {
    line,
    async close() {
      process.off("exit", end);
      if (child.exitCode === null && child.kill()) await exited;
    },
  };
}
