import { QueueError, setTimeLimit, systemClock, timedRequest } from "@anyqueue/core/adapter";
import type { protos, v1 } from "@google-cloud/pubsub";
import { answerDecoder, codingWith } from "./own-codec.ts";
import { decodePublishResponse, type PublishRequest } from "./publish-codec.ts";
import { callOptions, type PubsubClients } from "./pubsub-client.ts";
import { OUTER_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "./pubsub-limits.ts";

type Response = protos.google.pubsub.v1.IPublishResponse;

/** The part that is used of the gRPC client under the generated one. */
interface Stub {
  readonly publish: { readonly path: string; readonly responseDeserialize: (bytes: Buffer) => unknown };
  makeUnaryRequest(
    path: string,
    serialize: () => Buffer,
    deserialize: (bytes: Buffer) => unknown,
    argument: PublishRequest,
    metadata: object,
    options: object,
    callback: (error: Error | null, response: Response) => void,
  ): { cancel(): void };
}

/** What a request needs to bypass the generated client. */
interface Rail {
  readonly stub: Stub;
  /** What the generated client sends along: its identity, and the topic for the service's routing. */
  readonly metadata: object;
}

/**
 * Sends publish requests to one topic. The first goes through the generated client; the others go directly to
 * the gRPC client under it, with the metadata of the first. The layers between them take a seventh of the CPU
 * of a lone send, and delay its answer by another turn of the event loop.
 */
export class PublishCalls {
  readonly #clients: PubsubClients;
  #rail: Rail | undefined;

  constructor(clients: PubsubClients) {
    this.#clients = clients;
  }

  async publish(request: PublishRequest, signal: AbortSignal): Promise<Response> {
    this.#clients.refuseUse();
    if (this.#rail !== undefined) return await directly(this.#rail, request, signal);
    const client = await this.#clients.publisher();
    return await timedRequest(systemClock, "send", REQUEST_TIMEOUT_MS, async (over) => {
      return await this.#byClient(client, request, AbortSignal.any([signal, over]));
    });
  }

  async #byClient(
    client: v1.PublisherClient,
    request: PublishRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    // Everything that may fail comes before the request: once that is answered, its messages are stored.
    const stub: unknown = await client.initialize();
    let metadata: object | undefined;
    const coded = codingWith({
      decode: decodePublishResponse,
      encode: (given) => (given === request ? request.encode() : undefined),
      onStart: (given) => {
        metadata = given;
      },
    });
    // No bundling: release 5 would merge several requests, even of different keys, which the service refuses.
    const options = {
      ...callOptions(signal, OUTER_TIMEOUT_MS),
      otherArgs: { options: coded },
      isBundling: false,
    };
    const [response] = await client.publish(request, options);
    if (metadata !== undefined && isStub(stub)) this.#rail = { stub, metadata };
    return response;
  }
}

function directly({ stub, metadata }: Rail, request: PublishRequest, signal: AbortSignal): Promise<Response> {
  const { path, responseDeserialize } = stub.publish;
  const decode = answerDecoder(decodePublishResponse, responseDeserialize);
  return new Promise<Response>((resolve, reject) => {
    signal.throwIfAborted();
    let call: ReturnType<Stub["makeUnaryRequest"]> | undefined;
    let isLate = false;
    const cancel = (): void => call?.cancel();
    // Not a deadline of gRPC's, which would end the call before it reads an answer (OUTER_TIMEOUT_MS).
    const limit = setTimeLimit(
      systemClock,
      () => {
        isLate = true;
        cancel();
      },
      REQUEST_TIMEOUT_MS,
      true,
    );
    const answered = (error: Error | null, response: Response): void => {
      signal.removeEventListener("abort", cancel);
      limit.cancel();
      if (error === null) resolve(response);
      else reject(isLate ? tooLate(error) : error);
    };
    const encode = (): Buffer => request.encode();
    untraced(() => {
      call = stub.makeUnaryRequest(path, encode, decode, request, metadata, {}, answered);
    });
    signal.addEventListener("abort", cancel);
  });
}

function tooLate(cause: Error): QueueError {
  const what = `no answer within ${REQUEST_TIMEOUT_MS} ms`;
  return new QueueError("TIMEOUT", { what, provider: "pubsub", ambiguous: true, cause });
}

/**
 * Runs `work` without stack traces. gRPC takes one of each call, for the error that it may end with. That
 * costs a fifteenth of a lone send, and of all the callers that await each other it shows only this package.
 */
function untraced(work: () => void): void {
  const limit = Error.stackTraceLimit;
  // Not an assignment: that would throw where built-in objects are frozen.
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
