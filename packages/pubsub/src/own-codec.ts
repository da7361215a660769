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

/** What takes the place of the SDK's own encoder and decoder in one call. */
export interface OwnCodec {
  readonly decode: (bytes: Buffer) => unknown;
  /**
   * The bytes of the request of this call; undefined for another one, which would come here if releases of gRPC made calls
   * share their description. @default the SDK's own encoder
   */
  readonly encode?: (request: unknown) => Buffer | undefined;
}

interface CodedCall {
  readonly interceptors: readonly Interceptor[];
}

/** As `codingWith`, for answers alone. */
export function decodingWith(decode: OwnCodec["decode"]): CodedCall {
  return codingWith({ decode });
}

/**
 * Call options with which gRPC decodes the answers of one call by `decode`, and by its own decoder what `decode` leaves:
 * an interceptor, as gRPC offers it for each call, which has the description of its own call to change.
 */
export function codingWith({ decode, encode }: OwnCodec): CodedCall {
  return {
    interceptors: [
      (options, nextCall) => {
        const method = options.method_definition;
        if (encode !== undefined && typeof method?.requestSerialize === "function") {
          const theirs = method.requestSerialize;
          method.requestSerialize = (request) => encode(request) ?? theirs(request);
        }
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
