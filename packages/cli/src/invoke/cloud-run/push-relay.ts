import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ServiceAnswer } from "./http-service.ts";
import type { PushRequest } from "./push-request.ts";

export interface RelaySettings {
  readonly path: string;
  /** Parallel requests; more have to wait, as in front of an instance of Cloud Run. */
  readonly maxConcurrency: number;
  readonly post: (request: PushRequest) => Promise<ServiceAnswer>;
  readonly onAnswer: (messageId: string, answer: ServiceAnswer, durationMs: number) => void;
  /** True: the message stays unanswered until the end. */
  readonly isHeld: (messageId: string) => boolean;
}

const BAD_REQUEST = 400;
const UNAVAILABLE = 503;
/** Headers that belong to one connection or are written anew. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "transfer-encoding",
]);

/** Stands in front of a service to see every push and its answer, and passes on the service's own answer. */
export class PushRelay {
  readonly #settings: RelaySettings;
  readonly #server: Server;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #held = new Set<ServerResponse>();
  #started = 0;
  #isEnding = false;
  #failure: Error | undefined;

  constructor(settings: RelaySettings) {
    this.#settings = settings;
    this.#server = createServer((request, response) => {
      const relayed = this.#relay(request, response)
        .catch((error: unknown) => {
          this.#failure ??= error instanceof Error ? error : new Error(String(error));
          answerWith(response, UNAVAILABLE);
        })
        .finally(() => this.#running.delete(relayed));
      this.#running.add(relayed);
    });
  }

  /** Why the service can no longer be called. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Resolves with the URL to push to. */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return `http://127.0.0.1:${port}${this.#settings.path}`;
  }

  /** Refuses messages that no function has seen, so that they are given back. Waits for running calls. */
  async drain(): Promise<void> {
    this.#isEnding = true;
    for (const response of this.#held) answerWith(response, UNAVAILABLE);
    for (const proceed of this.#waiting.splice(0)) proceed();
    await Promise.all(this.#running);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pushed = await read(request);
    if (pushed === undefined) return;
    const messageId = messageIdOf(pushed.body);
    if (messageId === undefined) {
      answerWith(response, BAD_REQUEST);
      return;
    }
    if (this.#settings.isHeld(messageId) && !this.#isEnding) {
      this.#held.add(response);
      response.once("close", () => this.#held.delete(response));
      return;
    }
    await this.#turn();
    try {
      // The emulator has given up on a push that waited longer than the ack deadline.
      if (response.destroyed) return;
      answerWith(response, this.#isEnding ? UNAVAILABLE : await this.#post(pushed, messageId, response));
    } finally {
      this.#started -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #post(pushed: PushRequest, messageId: string, response: ServerResponse): Promise<number> {
    const startedAtMs = performance.now();
    const answer = await this.#settings.post(pushed);
    const heard: ServiceAnswer = response.destroyed ? { kind: "timeout" } : answer;
    this.#settings.onAnswer(messageId, heard, performance.now() - startedAtMs);
    if (answer.kind !== "status") return UNAVAILABLE;
    // 102 is not a final status, and we do not wait for what follows it.
    return answer.status === 102 ? 204 : answer.status;
  }

  async #turn(): Promise<void> {
    if (this.#started >= this.#settings.maxConcurrency && !this.#isEnding)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#started += 1;
  }
}

/** Returns undefined if the client has gone: the emulator ends, or the ack deadline is over. */
async function read(request: IncomingMessage): Promise<PushRequest | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || OWN_HEADERS.has(name) ? [] : [[name, String(value)]],
  );
  return { headers: Object.fromEntries(headers), body: Buffer.concat(chunks).toString() };
}

/** Returns undefined for a request that the emulator did not make. */
function messageIdOf(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { readonly message?: { readonly messageId?: string } };
    return message?.messageId;
  } catch {
    return undefined;
  }
}

function answerWith(response: ServerResponse, status: number): void {
  if (!response.headersSent && !response.destroyed) response.writeHead(status).end();
}
