import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { EnvironmentPool } from "./environment-pool.ts";

const HANDLER = `
console.log(process.env.AWS_LAMBDA_RUNTIME_API);
console.log(process.pid);
export async function handler() {
  setTimeout(() => process.exit(1), 20);
}
`;

async function isOpen(authority: string): Promise<boolean> {
  const [host, port] = authority.split(":");
  const socket = connect(Number(port), host);
  return await new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

test("an environment that ends between two calls leaves no open port", async () => {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-"));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const path = join(folder, "function.mjs");
  await writeFile(path, HANDLER);
  const lines: string[] = [];
  const pool = new EnvironmentPool(
    {
      file: { path, exportName: undefined },
      functionName: "function",
      functionArn: "",
      region: "eu-west-1",
      timeoutMs: 20_000,
      runtimeClient: undefined,
      onLine: (line) => lines.push(line),
    },
    1,
  );
  await pool.warmUp();
  const [port = "", pid] = lines;
  expect(await isOpen(port)).toBe(true);
  await pool.invoke("{}", "first");
  await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH"), 10_000);
  await pool.invoke("{}", "second");
  expect(lines).toHaveLength(4);
  await pool.close();
  expect(await isOpen(port)).toBe(false);
});
