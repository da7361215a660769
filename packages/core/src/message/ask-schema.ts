import type { SchemaResult, StandardSchemaV1 } from "./standard-schema.ts";

/**
 * What a schema says of a value. A promise of a library's own, or of another realm, becomes one of ours: taken for a
 * result, it would have no issues, and a value that is undefined.
 */
export function askSchema(
  schema: StandardSchemaV1,
  value: unknown,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  const verdict = schema["~standard"].validate(value);
  return "then" in verdict ? Promise.resolve(verdict) : verdict;
}
