import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as the SDK sent it. */
export interface ScriptedCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The body as received. */
  readonly text: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Resolves when the answer is complete, or when the connection is closed before that. */
  readonly gone: Promise<void>;
}

export type ScriptedReply =
  | { readonly status?: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Never an answer: the other end is half open. */
  | "hang"
  /** The head of an answer, then nothing more. */
  | "stall"
  /** The connection is cut without an answer. */
  | "reset";

type Script = (call: ScriptedCall) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>;

/** A server that speaks just enough of SQS's protocol to answer wrongly on purpose. */
export class ScriptedServer {
  readonly calls: ScriptedCall[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #script: Script = () => undefined;

  /** If a script returns undefined, the answer is an empty success, or for `GetQueueUrl` a URL. */
  static async start(): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  script(script: Script): void {
    this.#script = script;
  }

  /** Answers one operation by hand, the others as usual. */
  answer(
    operation: string,
    reply: (
      nth: number,
      call: ScriptedCall,
    ) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>,
  ): void {
    this.script((call) => (call.operation === operation ? reply(this.count(operation), call) : undefined));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  inputs(operation: string): readonly Readonly<Record<string, unknown>>[] {
    return this.calls.filter((call) => call.operation === operation).map((call) => call.input);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = String(request.headers["x-amz-target"] ?? "");
    const text = Buffer.concat(chunks).toString("utf8");
    const call: ScriptedCall = {
      operation: target.replace("AmazonSQS.", ""),
      input: JSON.parse(text || "{}") as Record<string, unknown>,
      text,
      host: request.headers.host ?? "",
      headers: request.headers,
      gone: new Promise((resolve) => response.once("close", () => resolve())),
    };
    this.calls.push(call);
    const reply = (await this.#script(call)) ?? { body: this.#usual(call) };
    if (reply === "hang") return;
    if (reply === "reset") {
      request.socket.destroy();
      return;
    }
    const type = { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "request-1" };
    if (reply === "stall") {
      response.writeHead(200, { ...type, "content-length": "500" });
      response.write("{");
      return;
    }
    response.writeHead(reply.status ?? 200, { ...type, ...reply.headers });
    response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
  }

  #usual(call: ScriptedCall): unknown {
    const entries = (call.input["Entries"] ?? []) as readonly { Id: string; MessageBody?: string }[];
    if (call.operation === "GetQueueUrl") {
      return { QueueUrl: `${this.endpoint}/000000000000/${String(call.input["QueueName"])}` };
    }
    if (call.operation === "SendMessageBatch")
      return { Successful: entries.map((entry) => sent(entry.Id, entry.MessageBody ?? "")) };
    return entries.length > 0 ? { Successful: entries.map(({ Id }) => ({ Id })) } : {};
  }
}

export function sent(id: string, body: string): object {
  return { Id: id, MessageId: `m-${id}`, MD5OfMessageBody: md5(body) };
}

/** A message of a ReceiveMessage answer. */
export function stored(id: string, body: string, attributes: Readonly<Record<string, string>> = {}): object {
  return {
    MessageId: id,
    ReceiptHandle: `handle-${id}`,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: attributes,
  };
}

/** An error as the service writes it. */
export function refusal(shape: string, status = 400, code: string = shape, message = shape): ScriptedReply {
  return {
    status,
    body: { __type: `com.amazonaws.sqs#${shape}`, message },
    headers: { "x-amzn-query-error": `${code};Sender` },
  };
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** An answer that is given when the test calls `give`. */
export function held(): { readonly reply: Promise<ScriptedReply>; give(body: unknown): void } {
  const given = new EventEmitter();
  const reply = once(given, "given").then(([body]): ScriptedReply => ({ body }));
  return { reply, give: (body) => void given.emit("given", body) };
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
