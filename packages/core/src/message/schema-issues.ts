import { kindOf } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { redactShort } from "../errors/redact.ts";
import type { SchemaIssue } from "./standard-schema.ts";

const MAX_ISSUES = 10;

/**
 * Makes an INVALID_MESSAGE error for a body that its schema refused. It names the paths and the kinds found
 * there. It leaves out the schema library's own sentences, because several libraries print the received value
 * in them.
 */
export function schemaError(issues: readonly SchemaIssue[], body: unknown, what: string): QueueError {
  const places = issues.slice(0, MAX_ISSUES).map((issue) => describe(issue, body));
  const more = issues.length > MAX_ISSUES ? `, and ${issues.length - MAX_ISSUES} more` : "";
  return new QueueError("INVALID_MESSAGE", { what: `${what}: ${places.join(", ")}${more}` });
}

function describe(issue: SchemaIssue, body: unknown): string {
  const keys = Array.from(issue.path ?? [], (each) => (typeof each === "object" ? each.key : each));
  const found = keys.reduce(valueAt, body);
  const path = keys.length === 0 ? "the body" : redactShort(keys.map(String).join("."));
  return `${path} is ${found === undefined ? "missing or undefined" : `invalid (${kindOf(found)})`}`;
}

function valueAt(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
