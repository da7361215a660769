import { pathToFileURL } from "node:url";

/** Loads a function's file and returns what it exports; those of CommonJS too. */
export async function loadFunction(path: string): Promise<Readonly<Record<string, unknown>>> {
  const loaded: unknown = await import(pathToFileURL(path).href);
  const exports: Record<string, unknown> = isObject(loaded) ? { ...loaded } : {};
  // Of CommonJS only what a lexer sees is exported by name.
  return isObject(exports["default"]) ? { ...exports["default"], ...exports } : exports;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
