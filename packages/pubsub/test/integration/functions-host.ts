import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { freePort } from "../../../../tooling/free-port.ts";

/** Google's functions framework in a process of its own, with a bundle of the function. */
export interface FunctionsHost {
  readonly url: string;
  /** The function's output. */
  readonly journal: readonly string[];
  stop(): Promise<void>;
}

/** Starts the framework's own command line; resolves when it listens. */
export async function startFunctionsHost(
  target: "push" | "event",
  environment: Readonly<Record<string, string>>,
): Promise<FunctionsHost> {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-functions-"));
  const bundle = join(folder, "function.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "order-function.ts")],
    outfile: bundle,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    conditions: ["@anyqueue/source"],
  });
  // The framework accepts a port only by its number.
  const port = await freePort();
  const program = createRequire(import.meta.url).resolve("@google-cloud/functions-framework");
  const signature = target === "push" ? "http" : "cloudevent";
  const child = spawn(
    process.execPath,
    [
      join(program, "..", "main.js"),
      `--source=${bundle}`,
      `--target=${target}`,
      `--signature-type=${signature}`,
      `--port=${port}`,
    ],
    { env: { ...environment, NODE_ENV: "test" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const exited = once(child, "exit");
  const journal: string[] = [];
  const listening = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    journal.push(line);
    if (line.startsWith("URL: ")) listening.resolve();
  });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
  void exited.then(() => listening.reject(new Error(complaints.join("\n"))));
  await listening.promise;
  return {
    url: `http://127.0.0.1:${port}/`,
    journal,
    async stop() {
      child.kill();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
