import type { SchemaResult, StandardSchemaV1 } from "../src/message/standard-schema.ts";

/** A schema that accepts everything once the promise resolves; with `refusal`, nothing. */
export function slow(verdict: Promise<void>, refusal?: string): StandardSchemaV1 {
  const validate = async (value: unknown): Promise<SchemaResult<unknown>> => {
    await verdict;
    return refusal === undefined ? { value } : { issues: [{ message: refusal }] };
  };
  return { "~standard": { version: 1, vendor: "test", validate } };
}
