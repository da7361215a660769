import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runCli } from "../../src/run-cli.ts";
import { RecordingTerminal } from "../recording-terminal.ts";

const MODULE = join(import.meta.dirname, "a-deployment.ts");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anyqueue-deploy-"));
});

afterAll(async () => await rm(folder, { recursive: true }));

beforeEach(() => {
  for (const name of ["ANYQUEUE_URL", "ANYQUEUE_PREFIX", "ANYQUEUE_ENV"]) vi.stubEnv(name, "");
});

afterEach(() => vi.unstubAllEnvs());

async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly terminal: RecordingTerminal }> {
  const terminal = new RecordingTerminal();
  return { code: await runCli(["deploy-files", ...args], terminal), terminal };
}

describe("anyqueue deploy-files", () => {
  test("prints every file of the runtime, each behind its name", async () => {
    const { code, terminal } = await run(MODULE, "--export", "plain", "--runtime", "lambda");
    expect(code).toBe(0);
    const names = terminal.printed.filter((line) => line.startsWith("--- "));
    expect(names).toEqual(["--- template.json", "--- cloudformation.json", "--- main.tf"]);
  });

  test("prints one format as it is, so that it can be redirected", async () => {
    const given = ["--export", "ordered", "--runtime", "lambda", "--format", "sam"];
    const { terminal } = await run(MODULE, ...given, "--function-timeout", "1m", "--concurrency", "3");
    const template: unknown = JSON.parse(terminal.printed.join("\n"));
    expect(template).toMatchObject({
      Resources: {
        OrdersQueue: { Properties: { VisibilityTimeout: 360 } },
        OrdersFunction: { Properties: { Timeout: 60 } },
      },
    });
  });

  test("takes names from the configuration, and the prefix from the command line before it", async () => {
    vi.stubEnv("ANYQUEUE_URL", "sqs://eu-west-1");
    vi.stubEnv("ANYQUEUE_PREFIX", "prod-");
    const given = [MODULE, "--export", "plain", "--runtime", "azure-functions", "--format", "terraform"];
    expect((await run(...given)).terminal.printed.join("\n")).toContain('"prod-orders"');
    expect((await run(...given, "--prefix", "test-")).terminal.printed.join("\n")).toContain('"test-orders"');
  });

  test("writes files into a folder, and overwrites none", async () => {
    const out = join(folder, "infra");
    const given = [MODULE, "--export", "plain", "--runtime", "azure-functions", "--out", out];
    expect((await run(...given)).code).toBe(0);
    expect((await readdir(out)).toSorted()).toEqual(["host.json", "main.bicep", "main.tf"]);
    expect(await readFile(join(out, "main.bicep"), "utf8")).toContain("queues@");
    await writeFile(join(out, "main.bicep"), "mine");
    const again = await run(...given);
    expect(again.code).toBe(2);
    expect(again.terminal.warned.join("\n")).toContain("exists, and is not overwritten");
    expect(await readFile(join(out, "main.bicep"), "utf8")).toBe("mine");
  });

  test("keeps what the module writes out of the files", async () => {
    const [stdout, stderr] = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, "write").mockReturnValue(true),
    );
    const noisy = join(folder, "noisy.mjs");
    await writeFile(noisy, 'process.stdout.write("injected env\\n");');
    const { code } = await run(noisy, "--runtime", "lambda");
    vi.restoreAllMocks();
    expect(code).toBe(2);
    expect(stdout).not.toHaveBeenCalledWith("injected env\n");
    expect(stderr).toHaveBeenCalledWith("injected env\n");
  });

  test.each(["Cannot use import statement outside a module", "Unexpected token 'export'"])(
    "says how to declare a module that Node takes for CommonJS: %s",
    async (message) => {
      const commonJs = join(folder, `commonjs-${message.length}.mjs`);
      await writeFile(commonJs, `throw new SyntaxError(${JSON.stringify(message)});`);
      const { code, terminal } = await run(commonJs, "--runtime", "lambda");
      expect(terminal.warned.join("\n")).toContain('set "type": "module" in its package.json');
      expect(code).toBe(2);
    },
  );

  test("shows its help", async () => {
    expect((await run("--help")).terminal.printed.join("\n")).toContain("Nothing is applied");
  });

  test.each([
    [[], "which module has the definition"],
    [[MODULE, "other.ts"], "one module at a time"],
    [[MODULE], "--runtime is missing"],
    [[MODULE, "--runtime", "lamda"], "did you mean lambda?"],
    [[MODULE, "--runtime", "cloud-run", "--format", "bicep"], "--format got"],
    [[MODULE, "--runtime", "lambda", "--concurrency", "ten"], "--concurrency: expected a whole number"],
    [[MODULE, "--runtime", "lambda", "--function-timeout", "30"], "--function-timeout got"],
    [[MODULE, "--runtime", "lambda", "--apply"], "unknown flag --apply"],
    [[MODULE, "--runtime", "lambda"], "exports several definitions: say --export, one of"],
    [[MODULE, "--runtime", "lambda", "--export", "ordres"], 'exports no definition "ordres"'],
    [
      [join(import.meta.dirname, "cloudformation-schema.ts"), "--runtime", "lambda"],
      "exports no definition of a queue",
    ],
    [["nowhere.ts", "--runtime", "lambda"], "nowhere.ts cannot be imported"],
    [[MODULE, "--runtime", "lambda", "--export", "subscription"], "Amazon SQS has no topics"],
  ])("refuses %j as a mistake of the command line", async (args, words) => {
    const { code, terminal } = await run(...args);
    expect(terminal.warned.join("\n")).toContain(words);
    expect(code).toBe(2);
    expect(terminal.printed).toEqual([]);
  });

  test("passes on what is wrong with the configuration", async () => {
    vi.stubEnv("ANYQUEUE_URL", "sqs://eu-west-1?endpont=x");
    vi.stubEnv("ANYQUEUE_ENV", "prod");
    const { code, terminal } = await run(MODULE, "--export", "plain", "--runtime", "lambda");
    expect([0, 1]).toContain(code);
    expect(code === 0 ? terminal.printed.length : terminal.warned.length).toBeGreaterThan(0);
  });
});
