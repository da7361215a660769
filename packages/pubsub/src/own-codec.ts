import { UnreadableProto } from "./proto-reader.ts";

/** The part of gRPC's description of a method that says how its messages become bytes and back. */
interface Method {
  requestSerialize: (request: unknown) => Buffer;
  responseDeserialize: (bytes: Buffer) => unknown;
}

type Interceptor = (
  options: { readonly method_definition?: Method },
  nextCall: (options: object) => unknown,
) => unknown;

/**
 * Call options with which gRPC decodes the answers of one call by `decode`, and by its own decoder what `decode` leaves:
 * an interceptor, as gRPC offers it for each call, which has the description of its own call to change.
 */
export function decodingWith(decode: (bytes: Buffer) => unknown): {
  readonly interceptors: readonly Interceptor[];
} {
  return {
    interceptors: [
      (options, nextCall) => {
        const method = options.method_definition;
        if (typeof method?.responseDeserialize === "function") {
          const theirs = method.responseDeserialize;
          method.responseDeserialize = (bytes) => decoded(bytes, decode, theirs);
        }
        return nextCall(options);
      },
    ],
  };
}

function decoded(
  bytes: Buffer,
  decode: (bytes: Buffer) => unknown,
  theirs: (bytes: Buffer) => unknown,
): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof UnreadableProto) return theirs(bytes);
    throw error;
  }
}
