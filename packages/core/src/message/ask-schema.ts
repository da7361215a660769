import type { SchemaResult, StandardSchemaV1 } from "./standard-schema.ts";

/**
 * Validates a value with a schema. Turns a promise of a library's own, or of another realm, into a native
 * one. If it were taken for a result, it would have no issues, and an undefined value.
 */
export function askSchema(
  schema: StandardSchemaV1,
  value: unknown,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  const verdict = schema["~standard"].validate(value);
  return "then" in verdict ? Promise.resolve(verdict) : verdict;
}
