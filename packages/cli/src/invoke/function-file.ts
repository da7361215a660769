import { statSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { InvokeError } from "./invoke-error.ts";

/** A file and the name of its export. */
export interface FunctionFile {
  /** Absolute path. */
  readonly path: string;
  /** Undefined: the platform's usual export. */
  readonly exportName: string | undefined;
}

const EXTENSIONS = [".mjs", ".js", ".cjs", ".mts", ".ts", ".cts"];

/**
 * Finds the file of `dist/orders.mjs`, or of `dist/orders.handler` in Lambda's form: module, dot, export.
 * @throws NO_SUCH_FILE
 */
export function findFunctionFile(given: string, directory: string = process.cwd()): FunctionFile {
  const path = resolve(directory, given);
  if (isFile(path)) return { path, exportName: undefined };
  const dot = basename(path).indexOf(".");
  if (dot > 0) {
    const stem = resolve(dirname(path), basename(path).slice(0, dot));
    const exportName = basename(path).slice(dot + 1);
    const found = EXTENSIONS.map((extension) => stem + extension).find(isFile);
    if (found !== undefined) return { path: found, exportName };
  }
  const remedy = EXTENSIONS.includes(extname(path))
    ? "Build it first, or name another."
    : `Name a file, or a module and its export such as dist/orders.handler (${EXTENSIONS.join(", ")}).`;
  throw new InvokeError("NO_SUCH_FILE", `there is no function file ${path}`, remedy);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
