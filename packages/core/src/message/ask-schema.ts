import type { QueueError } from "../errors/queue-error.ts";
import { schemaError } from "./schema-issues.ts";
import type { SchemaResult, StandardSchemaV1 } from "./standard-schema.ts";

/** What a schema makes of a value that it accepts. */
type Accepted = Extract<SchemaResult<unknown>, { readonly value: unknown }>;

/**
 * Validates a value with a schema. Turns a promise of a library's own, or of another realm, into a native
 * one. If it were taken for a result, it would have no issues, and an undefined value.
 *
 * @param misfit what is wrong with a value that the schema refuses, for the error that names its places
 * @param thrown makes the error of a schema that throws, or rejects (`isLate`)
 */
export function askSchema(
  schema: StandardSchemaV1,
  value: unknown,
  misfit: string,
  thrown: (error: unknown, isLate: boolean) => QueueError,
): Accepted | Promise<Accepted> {
  let verdict: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    verdict = schema["~standard"].validate(value);
    if ("then" in verdict) verdict = Promise.resolve(verdict);
  } catch (error) {
    throw thrown(error, false);
  }
  if (!(verdict instanceof Promise)) return accepted(verdict, value, misfit);
  return verdict.then(
    (late) => accepted(late, value, misfit),
    (error: unknown) => {
      throw thrown(error, true);
    },
  );
}

function accepted(verdict: SchemaResult<unknown>, value: unknown, misfit: string): Accepted {
  if (verdict.issues === undefined) return verdict;
  throw schemaError(verdict.issues, value, misfit);
}
