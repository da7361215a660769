import { QueueError, setTimeLimit, type Clock, type Timer } from "@anyqueue/core/adapter";
import type { protos, v1 } from "@google-cloud/pubsub";
import { decodePullResponse } from "./decode-pull.ts";
import { decodingWith } from "./own-codec.ts";
import { KEEPALIVE_ANSWER_MS, KEEPALIVE_MS, STREAM_LIFETIME_MS } from "./pubsub-limits.ts";

type Request = protos.google.pubsub.v1.IStreamingPullRequest;
type Response = protos.google.pubsub.v1.IStreamingPullResponse;
type Call = ReturnType<v1.SubscriberClient["streamingPull"]>;

export interface PullStreamOptions {
  readonly client: v1.SubscriberClient;
  readonly subscription: string;
  /** Keeps the keys of a consumer together when it opens another stream. */
  readonly clientId: string;
  readonly leaseSeconds: number;
  readonly maxOutstanding: number;
  /** Bytes of the bodies and attributes of all that is outstanding. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly onResponse: (response: Response) => void;
  /** Called once. Undefined: the stream was ended from this side. */
  readonly onEnd: (error: unknown) => void;
}

/** How long a retiring stream may still bring what was under way. */
const RETIRE_MS = 2_000;

/** One streaming pull: opened once, kept alive, ended once. Acknowledgements do not use it. */
export class PullStream {
  readonly #options: PullStreamOptions;
  readonly #call: Call;
  readonly startedAtMs: number;
  #state: "open" | "retiring" | "ended" = "open";
  #timer: Timer | undefined;
  #lastHeardMs: number;
  hasAnswered = false;

  constructor(options: PullStreamOptions) {
    this.#options = options;
    const { client, clock, subscription } = options;
    this.startedAtMs = clock.now();
    this.#lastHeardMs = this.startedAtMs;
    const headers = { "x-goog-request-params": `subscription=${encodeURIComponent(subscription)}` };
    const otherArgs = { headers, options: decodingWith(decodePullResponse) };
    this.#call = client.streamingPull({ timeout: STREAM_LIFETIME_MS, otherArgs });
    this.#call.on("data", (response: Response) => this.#heard(response));
    // Headers come before the first message, and prove that the subscription exists and may be consumed.
    this.#call.on("metadata", () => this.#heard(undefined));
    this.#call.on("error", (error: unknown) => this.#end(error));
    this.#call.on("end", () => this.#end(undefined));
    this.#call.on("close", () => this.#end(undefined));
    this.#write(firstRequest(options));
    this.#keepAlive();
  }

  /** Asks for nothing new; what is under way may still come. */
  retire(): void {
    if (this.#state !== "open") return;
    this.#state = "retiring";
    this.#timer?.cancel();
    this.#timer = setTimeLimit(this.#options.clock, () => this.cancel(), RETIRE_MS);
    this.#call.end();
  }

  cancel(): void {
    if (this.#state === "ended") return;
    this.#call.cancel();
    this.#end(undefined);
  }

  #heard(response: Response | undefined): void {
    if (this.#state === "ended") return;
    this.#lastHeardMs = this.#options.clock.now();
    this.hasAnswered = true;
    this.#options.onResponse(response ?? {});
  }

  #end(error: unknown): void {
    if (this.#state === "ended") return;
    const wasOpen = this.#state === "open";
    this.#state = "ended";
    this.#timer?.cancel();
    this.#options.onEnd(wasOpen ? (error ?? endedByServer()) : undefined);
  }

  #keepAlive(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimer(() => {
      const askedAtMs = clock.now();
      this.#write({});
      this.#awaitAnswer(askedAtMs);
    }, KEEPALIVE_MS);
  }

  /** Only a missing answer reveals a connection that died silently. */
  #awaitAnswer(askedAtMs: number): void {
    const look = (): void => {
      if (this.#lastHeardMs >= askedAtMs) this.#keepAlive();
      else {
        this.#call.cancel();
        this.#end(silent());
      }
    };
    this.#timer = setTimeLimit(this.#options.clock, look, KEEPALIVE_ANSWER_MS);
  }

  #write(request: Request): void {
    if (this.#call.writable) this.#call.write(request);
  }
}

function firstRequest(options: PullStreamOptions): Request {
  return {
    subscription: options.subscription,
    streamAckDeadlineSeconds: options.leaseSeconds,
    clientId: options.clientId,
    maxOutstandingMessages: options.maxOutstanding,
    maxOutstandingBytes: options.maxBytes,
    // Version 1: the server answers keep-alives.
    protocolVersion: 1,
  };
}

function endedByServer(): QueueError {
  return new QueueError("UNAVAILABLE", { what: "the service ended the stream", provider: "pubsub" });
}

function silent(): QueueError {
  return new QueueError("CONNECTION_LOST", {
    what: `the service did not answer a keep-alive for ${KEEPALIVE_ANSWER_MS} ms`,
    provider: "pubsub",
  });
}
