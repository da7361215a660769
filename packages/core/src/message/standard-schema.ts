/**
 * The Standard Schema interface, version 1. Any validation library that implements it can be used, and the
 * core depends on none. `validate` may be asynchronous. Specification: https://standardschema.dev
 * (2026-11-24); it invites libraries to copy the types.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** What the library implements. The name avoids conflicts with the library's own members. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** What a schema library implements. */
export interface StandardSchemaProps<Input, Output> {
  /** Version of the interface. */
  readonly version: 1;
  /** Name of the library. */
  readonly vendor: string;
  /** Checks a value, and returns the schema's output. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** For the compiler only. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** The schema's output for a value, or the problems found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One problem, and where it is. */
export interface SchemaIssue {
  /** The problem, in words for people. */
  readonly message: string;
  /** Its place in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The input type of a schema. */
export type SchemaInput<S extends StandardSchemaV1> = NonNullable<S["~standard"]["types"]>["input"];
/** The output type of a schema. */
export type SchemaOutput<S extends StandardSchemaV1> = NonNullable<S["~standard"]["types"]>["output"];
