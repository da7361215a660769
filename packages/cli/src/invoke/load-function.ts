import { pathToFileURL } from "node:url";

/** Loads a function's file and returns its exports, also from CommonJS. */
export async function loadFunction(path: string): Promise<Readonly<Record<string, unknown>>> {
  const loaded: unknown = await import(pathToFileURL(path).href);
  const exports: Record<string, unknown> = isObject(loaded) ? { ...loaded } : {};
  // CommonJS exports are named only if a lexer sees them.
  return isObject(exports["default"]) ? { ...exports["default"], ...exports } : exports;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
