import { field } from "./field.ts";

export type Method = (...args: unknown[]) => unknown;

/** Finds an inner method of the SDK; undefined if it is gone, and then what builds on it is off. */
export function methodOf(target: object, name: string): Method | undefined {
  const found = field(target, name);
  return typeof found === "function" ? (found as Method) : undefined;
}

export function replaceMethod(target: object, name: string, value: Method): void {
  Object.defineProperty(target, name, { configurable: true, writable: true, value });
}
