import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { ProviderResult } from "../src/run-provider.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

// Ten processes, which a busy machine starts one after the other.
test(
  "the demo loses nothing, kills a worker, and counts the same on every provider",
  { timeout: 180_000 },
  async () => {
    const { code, stdout } = await demo("--json", "--messages", "400");

    const lines = stdout.trim().split("\n");
    const { providers }: { providers: readonly ProviderResult[] } = JSON.parse(lines.at(-1) ?? "");
    expect(code).toBe(0);
    expect(lines).toHaveLength(1);
    expect(providers.map(({ provider }) => provider)).toEqual(["memory", "sqs", "service-bus", "pubsub"]);
    for (const row of providers) {
      expect(row).toMatchObject({ sent: 400, lost: 0 });
      expect(row.handled + row.deadLettered).toBe(400);
      expect(row.deadLettered).toBeGreaterThan(0);
      expect(row.retried).toBeGreaterThan(0);
      expect(row.messagesPerSecond).toBeGreaterThan(0);
    }
    expect(providers[1]?.requestsPerMessage).toBeGreaterThan(0);
  },
);

test.each([
  [["--providers", "memory,sqz"], "there is no sqz"],
  [["--messages", "none"], "none is no positive number"],
  [["--mesages", "10"], "--mesages"],
])("the demo refuses %j with its usage", async (args, problem) => {
  const { code, stderr } = await demo(...args);

  expect(code).toBe(2);
  expect(stderr).toContain(problem);
  expect(stderr).toContain(
    "usage: npm run demo -- [--json] [--messages N] [--providers memory,sqs,service-bus",
  );
});

async function demo(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--conditions=@anyqueue/source", MAIN, ...args],
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? 1, stdout, stderr });
      },
    );
  });
}
