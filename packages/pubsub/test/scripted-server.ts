import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

type Fields = Readonly<Record<string, unknown>>;

/** One unary request, as the SDK sent it. */
export interface ScriptedCall {
  readonly method: string;
  readonly request: Fields;
  readonly authority: string;
  readonly metadata: Metadata;
}

/** A scripted answer: fields of the reply, an error, or no answer at all. */
export type ScriptedReply = Fields | GrpcError | "hang";

/** An error, with the metadata that a server may add to its status. */
export class GrpcError extends Error {
  readonly code: number;
  readonly metadata: Metadata;

  constructor(code: number, message: string, metadata: Metadata = new Metadata()) {
    super(message);
    this.code = code;
    this.metadata = metadata;
  }
}

type Reply = (
  nth: number,
  call: ScriptedCall,
) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>;

/** One streaming pull, as the server sees it. */
export interface ScriptedStream {
  readonly requests: Fields[];
  /** The first request. */
  readonly opening: Fields;
  /** True: the client sends no more. */
  readonly isHalfClosed: boolean;
  readonly isCancelled: boolean;
  send(response: Fields): void;
  /** Ends the stream, with or without an error. */
  end(error?: GrpcError): void;
}

class ServedStream implements ScriptedStream {
  readonly requests: Fields[] = [];
  isHalfClosed = false;
  isCancelled = false;
  readonly #call: ServerDuplexStream<Fields, Fields>;

  constructor(call: ServerDuplexStream<Fields, Fields>) {
    this.#call = call;
  }

  get opening(): Fields {
    return this.requests[0] ?? {};
  }

  send(response: Fields): void {
    this.#call.write(response);
  }

  end(error?: GrpcError): void {
    if (error === undefined) this.#call.end();
    else this.#call.emit("error", error);
  }
}

/** A server that speaks just enough of Pub/Sub to answer wrongly on purpose. */
export class ScriptedServer {
  readonly calls: ScriptedCall[] = [];
  readonly streams: ScriptedStream[] = [];
  readonly #server: Server;
  readonly #replies = new Map<string, Reply>();
  #port = 0;
  /** Answers keep-alives, as the service does. */
  answersKeepAlives = true;
  /** Says something as soon as a stream opens, as the service does. */
  greets = true;
  /** The properties of the subscription that a stream reports. */
  properties: Fields = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: false };

  private constructor(options: Readonly<Record<string, number>>) {
    this.#server = new Server({ "grpc.max_receive_message_length": -1, ...options });
  }

  static async start(options: Readonly<Record<string, number>> = {}, port = 0): Promise<ScriptedServer> {
    const server = new ScriptedServer(options);
    server.#serve("google.pubsub.v1.Publisher");
    server.#serve("google.pubsub.v1.Subscriber");
    server.#port = await new Promise<number>((resolve, reject) => {
      server.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    return server;
  }

  /** Scripts the answer of one method; the others keep theirs: an empty success. */
  answer(method: string, reply: Reply): void {
    this.#replies.set(method, reply);
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#port}`;
  }

  count(method: string): number {
    return this.requests(method).length;
  }

  requests(method: string): readonly Fields[] {
    return this.calls.filter((call) => call.method === method).map(({ request }) => request);
  }

  stream(index: number): ScriptedStream {
    const stream = this.streams.at(index);
    if (stream === undefined) throw new Error(`there is no stream ${index}`);
    return stream;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #serve(service: string): void {
    const definition = definitions()[service];
    if (definition === undefined || "format" in definition)
      throw new Error(`${service} is not in the protos`);
    const handlers = Object.fromEntries(
      Object.entries(definition).map(([name, { requestStream }]) => [
        name,
        requestStream
          ? (call: ServerDuplexStream<Fields, Fields>) => this.#pull(call)
          : (call: { request: Fields; metadata: Metadata; getHost(): string }, done: sendUnaryData<Fields>) =>
              void this.#answer(name, call, done),
      ]),
    );
    this.#server.addService(definition, handlers);
  }

  async #answer(
    method: string,
    call: { request: Fields; metadata: Metadata; getHost(): string },
    done: sendUnaryData<Fields>,
  ): Promise<void> {
    const { request, metadata } = call;
    const scripted: ScriptedCall = { method, request, authority: call.getHost(), metadata };
    this.calls.push(scripted);
    const reply = await this.#replies.get(method)?.(this.count(method), scripted);
    if (reply === "hang") return;
    if (reply instanceof GrpcError) done(reply);
    else done(null, reply ?? usual(method, call.request));
  }

  #pull(call: ServerDuplexStream<Fields, Fields>): void {
    const stream = new ServedStream(call);
    call.on("data", (request: Fields) => {
      stream.requests.push(request);
      if (stream.requests.length === 1) this.streams.push(stream);
      const isAnswered = stream.requests.length === 1 ? this.greets : this.answersKeepAlives;
      if (isAnswered) stream.send({ subscriptionProperties: this.properties });
    });
    call.on("end", () => {
      stream.isHalfClosed = true;
      stream.end();
    });
    call.on("cancelled", () => {
      stream.isCancelled = true;
    });
    call.on("error", () => {});
  }
}

function usual(method: string, request: Fields): Fields {
  if (method === "ListTopicSubscriptions") return { subscriptions: ["projects/p/subscriptions/orders"] };
  if (method !== "Publish") return {};
  const messages = Array.isArray(request["messages"]) ? request["messages"] : [];
  return { messageIds: messages.map((_, index) => `m-${index}`) };
}

let loaded: ReturnType<typeof fromJSON> | undefined;

/** The protos that the client package ships. */
function definitions(): ReturnType<typeof fromJSON> {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("@google-cloud/pubsub-5/package.json"));
  loaded = fromJSON(require(join(folder, "build/protos/protos.json")), {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return loaded;
}

/** A message of a pull or stream reply. */
export function stored(
  id: string,
  body: string,
  more: { message?: Fields; deliveryAttempt?: number } = {},
): Fields {
  const { message = {}, ...rest } = more;
  return {
    ackId: `ack-${id}`,
    message: {
      data: Buffer.from(body),
      messageId: id,
      publishTime: { seconds: "1000", nanos: 5_000_000 },
      ...message,
    },
    ...rest,
  };
}

/** The answer of an exactly-once subscription: some ids were refused, each for a reason. */
export function ackFailure(reasons: Readonly<Record<string, string>>): GrpcError {
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", statusDetails(reasons));
  return new GrpcError(
    status.INVALID_ARGUMENT,
    "Some acknowledgement ids in the request were invalid.",
    metadata,
  );
}

/**
 * google.rpc.Status { code 1, message 2, details 3 } with one ErrorInfo { reason 1, domain 2, metadata 3 }.
 */
function statusDetails(reasons: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(reasons).map(([id, reason]) =>
    lengthDelimited(3, Buffer.concat([textField(1, id), textField(2, reason)])),
  );
  const info = Buffer.concat([
    textField(1, "EXACTLY_ONCE_ACKID_FAILURE"),
    textField(2, "pubsub.googleapis.com"),
    ...entries,
  ]);
  const any = Buffer.concat([
    textField(1, "type.googleapis.com/google.rpc.ErrorInfo"),
    lengthDelimited(2, info),
  ]);
  return Buffer.concat([Buffer.from([8, 3]), textField(2, "some ids are invalid"), lengthDelimited(3, any)]);
}

function textField(number: number, text: string): Buffer {
  return lengthDelimited(number, Buffer.from(text));
}

function lengthDelimited(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, rest]), content]);
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
