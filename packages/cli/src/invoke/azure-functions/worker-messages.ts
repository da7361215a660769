/** One value of the host's protocol, as far as Service Bus triggers use it. */
export type TypedData =
  | { readonly string: string }
  | { readonly json: string }
  | { readonly bytes: Uint8Array }
  | { readonly int: number }
  | { readonly collectionString: { readonly string: readonly string[] } }
  | { readonly modelBindingData: ModelBindingData }
  | { readonly collectionModelBindingData: { readonly modelBindingData: readonly ModelBindingData[] } }
  | { readonly collectionBytes: { readonly bytes: readonly Uint8Array[] } };

/** A whole message, for the SDK binding. */
export interface ModelBindingData {
  readonly version: string;
  readonly source: string;
  readonly contentType: string;
  readonly content: Uint8Array;
}

/** A binding as an app registers it; the host's defaults apply to missing fields. */
export interface TriggerBinding {
  readonly name: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface RegisteredFunction {
  readonly name: string;
  readonly trigger: TriggerBinding | undefined;
}

/** A message from the host to the worker process. */
export interface InvokeMessage {
  readonly kind: "invoke";
  readonly invocationId: string;
  readonly functionName: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
}

/** A message from the worker process to the host. */
export type WorkerMessage =
  | { readonly kind: "loaded"; readonly functions: readonly RegisteredFunction[] }
  | { readonly kind: "not-loaded"; readonly error: string }
  | { readonly kind: "done"; readonly invocationId: string; readonly error: string | undefined };
