/** An entry under `Failed` in the answer of a batch operation. */
export interface FailedEntry {
  readonly Id?: string | undefined;
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

/** Why one entry of a batch was refused, as SQS lists it under `Failed`. */
export class EntryError extends Error {
  /** The vendor's code, in the field where the SDK's own errors have it. */
  readonly Code: string;
  /** False: the fault is the service's, so that the same entry may succeed later. */
  readonly SenderFault: boolean | undefined;
  readonly $metadata: { readonly requestId?: string | undefined };

  constructor(
    { Code = "InternalError", Message = "the entry was refused", SenderFault }: FailedEntry,
    requestId: string | undefined,
  ) {
    super(Message);
    this.name = Code;
    this.Code = Code;
    this.SenderFault = SenderFault;
    this.$metadata = { requestId };
  }
}
