import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "@anyqueue/core/auto";
import { deployFiles as generate } from "../deploy-files/deploy-files.ts";
import { deploymentOf } from "../deploy-files/deployment.ts";
import { entityNames, type NameConfig } from "../deploy-files/entity-names.ts";
import type { GeneratedFile } from "../deploy-files/generated-file.ts";
import { loadDefinition } from "../deploy-files/load-definition.ts";
import { readDeployPlan } from "../deploy-files/read-deploy-plan.ts";
import { isNoConnection } from "../shell-words.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

const HELP = `Usage: anyqueue deploy-files <module> --runtime <runtime> [flags]

Prints what a function behind a queue needs: queue, dead letters, trigger, and the least permissions.
Nothing is applied. Names and needs come from the definition that <module> exports, and the configuration.

  --runtime <runtime>        lambda (SAM, CloudFormation, Terraform), azure-functions (Bicep, Terraform,
                             host.json) or cloud-run (Terraform)
  --export <name>            the definition to use, if the module exports several
  --function-timeout <time>  the function's own timeout (default: 30s)
  --concurrency <number>     calls at once (default: 10)
  --batch-size <number>      messages in one call (default: 10; cloud-run: 1)
  --window <time>            lambda: how long a call waits for more messages (default: 0s)
  --format <format>          print only this one: sam, cloudformation, terraform, bicep, json
  --prefix <text>            put before names, instead of the configuration's prefix
  --out <folder>             write files there, never over existing ones (default: standard output)
  --help                     this text`;

/** `anyqueue deploy-files`: prints or writes files, but applies nothing. */
export async function deployFiles(args: readonly string[], terminal: Terminal): Promise<number> {
  const plan = readDeployPlan(args);
  if (plan === undefined) {
    terminal.print(HELP);
    return 0;
  }
  const details = await loadDefinition(plan.module, plan.exportName);
  const config = await nameConfig(plan.prefix);
  const { runtime } = plan.settings;
  const deployment = deploymentOf(details, entityNames(details, runtime, config), plan.settings);
  const files = generate(deployment).filter(({ format }) => (plan.format ?? format) === format);
  if (plan.out === undefined) print(files, terminal);
  else await writeFiles(files, plan.out, terminal);
  return 0;
}

/** Names need no connection: without configuration they are the names of the definitions. */
async function nameConfig(prefix: string | undefined): Promise<NameConfig> {
  const given = prefix === undefined ? {} : { prefix };
  try {
    return { ...(await loadConfig()), ...given };
  } catch (error) {
    if (isNoConnection(error)) return given;
    throw error;
  }
}

/** Prints one file as it is, and several with a line before each that names it. */
function print(files: readonly GeneratedFile[], terminal: Terminal): void {
  for (const { name, text } of files) {
    if (files.length > 1) terminal.print(`--- ${name}`);
    terminal.print(text.trimEnd());
  }
}

async function writeFiles(
  files: readonly GeneratedFile[],
  folder: string,
  terminal: Terminal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, text } of files) {
    const path = join(folder, name);
    try {
      // oxlint-disable-next-line no-await-in-loop -- the first that exists ends it
      await writeFile(path, text, { flag: "wx" });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      if (code === "EEXIST")
        throw new UsageError(`anyqueue deploy-files: ${path} exists, and is not overwritten.`);
      throw error;
    }
    terminal.print(path);
  }
}
