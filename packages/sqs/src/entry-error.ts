/** Why one entry of a batch was refused, as SQS lists it under `Failed`. */
export class EntryError extends Error {
  /** The vendor's code, in the field where the SDK's own errors have it. */
  readonly Code: string;
  readonly $metadata: { readonly requestId?: string | undefined };

  constructor(code: string, text: string, requestId: string | undefined) {
    super(text);
    this.name = code;
    this.Code = code;
    this.$metadata = { requestId };
  }
}
