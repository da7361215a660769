import { systemClock } from "@anyqueue/core/adapter";
import type { protos, v1 } from "@google-cloud/pubsub";
import { answerDecoder, codingWith } from "./own-codec.ts";
import { decodePublishResponse, type PublishRequest } from "./publish-codec.ts";
import { callOptions, type PubsubClients } from "./pubsub-client.ts";
import { REQUEST_TIMEOUT_MS } from "./pubsub-limits.ts";

type Response = protos.google.pubsub.v1.IPublishResponse;

/** The client of gRPC under the generated one, as far as it is used here. */
interface Stub {
  readonly publish: { readonly path: string; readonly responseDeserialize: (bytes: Buffer) => unknown };
  makeUnaryRequest(
    path: string,
    serialize: () => Buffer,
    deserialize: (bytes: Buffer) => unknown,
    argument: PublishRequest,
    metadata: object,
    options: { readonly deadline: number },
    callback: (error: Error | null, response: Response) => void,
  ): { cancel(): void };
}

/** What a request needs that goes past the generated client. */
interface Rail {
  readonly stub: Stub;
  /** What the generated client sends along: who it is, and the topic, by which the service routes. */
  readonly metadata: object;
}

/**
 * Publish requests to one topic: the first one by the generated client, the others by gRPC's own client under it, with
 * what the first one was sent with. The layers between them are a seventh of the CPU of a lone send, and make its answer
 * wait for another turn of the event loop.
 */
export class PublishCalls {
  readonly #clients: PubsubClients;
  #rail: Rail | undefined;

  constructor(clients: PubsubClients) {
    this.#clients = clients;
  }

  async publish(request: PublishRequest, signal: AbortSignal): Promise<Response> {
    this.#clients.refuseUse();
    return this.#rail === undefined
      ? await this.#byClient(await this.#clients.publisher(), request, signal)
      : await directly(this.#rail, request, signal);
  }

  async #byClient(
    client: v1.PublisherClient,
    request: PublishRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    // All that may fail comes before the request: once that is answered, its messages are stored.
    const stub: unknown = await client.initialize();
    let metadata: object | undefined;
    const coded = codingWith({
      decode: decodePublishResponse,
      encode: (given) => (given === request ? request.encode() : undefined),
      onStart: (given) => {
        metadata = given;
      },
    });
    // Nothing is gathered: release 5 would make one request of several, of different keys too, which the service refuses.
    const options = { ...callOptions(signal), otherArgs: { options: coded }, isBundling: false };
    const [response] = await client.publish(request, options);
    if (metadata !== undefined && isStub(stub)) this.#rail = { stub, metadata };
    return response;
  }
}

function directly({ stub, metadata }: Rail, request: PublishRequest, signal: AbortSignal): Promise<Response> {
  const { path, responseDeserialize } = stub.publish;
  const decode = answerDecoder(decodePublishResponse, responseDeserialize);
  // gRPC's own time, which no clock of a test moves.
  const options = { deadline: systemClock.wallNow() + REQUEST_TIMEOUT_MS };
  return new Promise<Response>((resolve, reject) => {
    signal.throwIfAborted();
    let call: ReturnType<Stub["makeUnaryRequest"]> | undefined;
    const cancel = (): void => call?.cancel();
    const answered = (error: Error | null, response: Response): void => {
      signal.removeEventListener("abort", cancel);
      if (error === null) resolve(response);
      else reject(error);
    };
    const encode = (): Buffer => request.encode();
    untraced(() => {
      call = stub.makeUnaryRequest(path, encode, decode, request, metadata, options, answered);
    });
    signal.addEventListener("abort", cancel);
  });
}

/**
 * gRPC takes a stack trace of each call, for the error that it may end with: a fifteenth of a lone send, and of all those
 * that wait for each other there it shows this package alone.
 */
function untraced(work: () => void): void {
  const limit = Error.stackTraceLimit;
  // Not assigned: where the language's own objects are frozen that would throw.
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    work();
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}

function isStub(value: unknown): value is Stub {
  const { publish, makeUnaryRequest } = (value ?? {}) as Partial<Stub>;
  return (
    typeof makeUnaryRequest === "function" &&
    typeof publish?.path === "string" &&
    typeof publish.responseDeserialize === "function"
  );
}
