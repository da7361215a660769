import { UnreadableProto } from "./proto-reader.ts";

/** The part of gRPC's method description that says how messages become bytes and back. */
interface Method {
  requestSerialize: (request: unknown) => Buffer;
  responseDeserialize: (bytes: Buffer) => unknown;
}

type Interceptor = (
  options: { readonly method_definition?: Method },
  nextCall: (options: object) => unknown,
) => unknown;

/** What replaces the SDK's own encoder and decoder in one call. */
export interface OwnCodec {
  readonly decode: (bytes: Buffer) => unknown;
  /**
   * Returns the bytes of this call's request; undefined for any other request, which could only arrive here
   * if a release of gRPC made calls share their description.
   * @default the SDK's own encoder
   */
  readonly encode?: (request: unknown) => Buffer | undefined;
  /** Gets gRPC's metadata of the call, as the SDK made it. */
  readonly onStart?: (metadata: object) => void;
}

interface StartableCall {
  start: (metadata: object, listener: unknown) => void;
}

interface CodedCall {
  readonly interceptors: readonly Interceptor[];
}

/** Like `codingWith`, for answers only. */
export function decodingWith(decode: OwnCodec["decode"]): CodedCall {
  return codingWith({ decode });
}

/**
 * Call options that make gRPC decode the answers of one call with `decode`. What `decode` cannot read goes to
 * gRPC's own decoder. They hold an interceptor, which may change the description of its own call.
 */
export function codingWith({ decode, encode, onStart }: OwnCodec): CodedCall {
  return {
    interceptors: [
      (options, nextCall) => {
        const method = options.method_definition;
        if (encode !== undefined && typeof method?.requestSerialize === "function") {
          const theirs = method.requestSerialize;
          method.requestSerialize = (request) => encode(request) ?? theirs(request);
        }
        if (typeof method?.responseDeserialize === "function") {
          method.responseDeserialize = answerDecoder(decode, method.responseDeserialize);
        }
        const call = nextCall(options);
        return onStart === undefined ? call : telling(call, onStart);
      },
    ],
  };
}

/** Decodes with `decode`; what that cannot read is decoded with `theirs`. */
export function answerDecoder(
  decode: OwnCodec["decode"],
  theirs: (bytes: Buffer) => unknown,
): (bytes: Buffer) => unknown {
  return (bytes) => {
    try {
      return decode(bytes);
    } catch (error) {
      if (error instanceof UnreadableProto) return theirs(bytes);
      throw error;
    }
  };
}

function telling(call: unknown, onStart: (metadata: object) => void): unknown {
  if (isStartable(call)) {
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      onStart(metadata);
      start(metadata, listener);
    };
  }
  return call;
}

function isStartable(call: unknown): call is StartableCall {
  return typeof call === "object" && call !== null && "start" in call && typeof call.start === "function";
}
