/**
 * The Standard Schema interface, version 1: with it any validation library fits, and the core depends on none. `validate`
 * may be asynchronous. Specification: https://standardschema.dev (2026-11-24); it invites libraries to carry the types.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** What the library implements; the name keeps it out of the way of its own members. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** What a schema library implements. */
export interface StandardSchemaProps<Input, Output> {
  /** Of the interface. */
  readonly version: 1;
  /** Name of the library. */
  readonly vendor: string;
  /** Checks a value, and gives what the schema makes of it. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** For the compiler only. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** What the schema made of a value, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong, and where. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type that a schema takes. */
export type SchemaInput<S extends StandardSchemaV1> = NonNullable<S["~standard"]["types"]>["input"];
/** The type that a schema gives. */
export type SchemaOutput<S extends StandardSchemaV1> = NonNullable<S["~standard"]["types"]>["output"];
