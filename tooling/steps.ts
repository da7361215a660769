import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

export const ROOT: string = join(import.meta.dirname, "..");

export interface Step {
  readonly name: string;
  /** Program and arguments. The program is looked up in node_modules/.bin first. */
  readonly command: readonly string[];
  /** The command or advice to print when the step fails. */
  readonly fix: string;
  /** Environment variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface StepResult {
  readonly isPassed: boolean;
  readonly seconds: number;
  /** The output of the step, unless it was shown. */
  readonly output: string;
}

export interface RunOptions {
  /** What to do with the output. @default "shown" */
  readonly output?: "shown" | "shown when it fails" | "returned";
  /** The working folder. @default the repository's root */
  readonly cwd?: string;
}

export async function runStep(step: Step, options: RunOptions = {}): Promise<StepResult> {
  const startedAt = performance.now();
  const { code, output } = await execute(step, options);
  const isPassed = code === 0;
  if (!isPassed && options.output !== "returned") process.stdout.write(output);
  return { isPassed, seconds: (performance.now() - startedAt) / 1000, output };
}

/** The named steps in their fixed order, or all steps if `names` is empty. */
export function selectSteps(steps: readonly Step[], names: readonly string[]): readonly Step[] {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    const known = steps.map((step) => step.name).join(", ");
    process.stderr.write(`no such step: ${unknown.join(", ")}. The steps are: ${known}\n`);
    process.exit(2);
  }
  return names.length === 0 ? steps : steps.filter((step) => names.includes(step.name));
}

export function inSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

async function execute(
  { command, env }: Step,
  { output = "shown", cwd = ROOT }: RunOptions,
): Promise<{ readonly code: number; readonly output: string }> {
  const [program = "", ...args] = command;
  const path = [join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);
  const child = spawn(program, args, {
    cwd,
    stdio: output === "shown" ? "inherit" : ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    env: { ...process.env, PATH: path, ...env },
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  }
  const { promise, resolve } = Promise.withResolvers<number>();
  child.on("error", (error) => {
    chunks.push(`${program} did not start: ${error.message}\n`);
    resolve(1);
  });
  child.on("close", (code) => resolve(code ?? 1));
  return { code: await promise, output: chunks.join("") };
}
