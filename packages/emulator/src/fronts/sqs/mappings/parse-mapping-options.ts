import { EmulatorError } from "../../../emulator-error.ts";
import { isObject } from "../../../faults/rule-members.ts";
import type { EventSourceMappingOptions } from "./mapping-options.ts";

const KINDS: Readonly<Record<keyof EventSourceMappingOptions, "string" | "number" | "boolean">> = {
  queue: "string",
  functionName: "string",
  batchSize: "number",
  windowSeconds: "number",
  reportBatchItemFailures: "boolean",
  maxConcurrency: "number",
  functionTimeoutMs: "number",
};

/** Checks names and types of options from outside the process. `resolveMapping` checks the values. */
export function parseMappingOptions(value: unknown): EventSourceMappingOptions {
  assertMappingOptions(value);
  return value;
}

function assertMappingOptions(value: unknown): asserts value is EventSourceMappingOptions {
  if (!isObject(value)) throw invalid('The body must be an object such as { "queue": "orders" }.');
  const problems: string[] = [];
  for (const [name, given] of Object.entries(value)) {
    const kind = Object.hasOwn(KINDS, name) ? Reflect.get(KINDS, name) : undefined;
    if (kind === undefined) problems.push(`${name} is unknown. Known: ${Object.keys(KINDS).join(", ")}.`);
    else if (typeof given !== kind) problems.push(`${name} must be a ${kind}.`);
  }
  if (value["queue"] === undefined) problems.push("queue is missing: the name or ARN of a queue.");
  if (problems.length > 0) throw invalid(problems.join(" "));
}

function invalid(what: string): EmulatorError {
  return new EmulatorError("INVALID_OPTION", `Event source mapping: ${what}`);
}
