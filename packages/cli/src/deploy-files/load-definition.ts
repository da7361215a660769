import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isQueueError } from "@anyqueue/core";
import { detailsOf, type DefinitionDetails } from "@anyqueue/core/testing";
import { UsageError } from "../usage-error.ts";

/** Imports an application's module and finds its definition. @throws UsageError for none or several */
export async function loadDefinition(
  module: string,
  exportName: string | undefined,
): Promise<DefinitionDetails> {
  const exported = await importModule(module);
  const found = Object.entries(exported).flatMap(([name, value]): [string, DefinitionDetails][] => {
    const details = asDetails(value);
    return details === undefined ? [] : [[name, details]];
  });
  const names = found.map(([name]) => name).join(", ");
  if (exportName !== undefined) {
    const chosen = found.find(([name]) => name === exportName)?.[1];
    if (chosen !== undefined) return chosen;
    throw mistake(`${module} exports no definition "${exportName}"; it exports ${names || "none"}`);
  }
  const [only, ...others] = found;
  if (only === undefined) throw mistake(`${module} exports no definition of a queue`);
  if (others.length > 0)
    throw mistake(`${module} exports several definitions: say --export, one of ${names}`);
  return only[1];
}

/** What Node says of an ES module in a package of type commonjs, which `npm init` makes. */
const IS_COMMON_JS = /outside a module|Unexpected token 'export'/;

async function importModule(module: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(module);
  // Output of a module while it is imported must not mix with the files, which are often redirected.
  const { write } = process.stdout;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = IS_COMMON_JS.test(reason) ? '; set "type": "module" in its package.json' : "";
    throw mistake(`${path} cannot be imported: ${reason}${hint}`);
  } finally {
    process.stdout.write = write;
  }
}

function asDetails(value: unknown): DefinitionDetails | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    return detailsOf(value as Parameters<typeof detailsOf>[0]);
  } catch (error) {
    if (isQueueError(error, "INVALID_ARGUMENT")) return undefined;
    throw error;
  }
}

function mistake(text: string): UsageError {
  return new UsageError(`anyqueue deploy-files: ${text.replace(/\.$/, "")}.`);
}
