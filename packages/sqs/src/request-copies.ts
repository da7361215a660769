import { systemClock } from "@anyqueue/core/adapter";
import type { ServiceInputTypes, SQSClient } from "@aws-sdk/client-sqs";
import type { WrittenRequest } from "./http-head.ts";
import { requestBody } from "./request-body.ts";
import { SignedTemplate } from "./signed-template.ts";
import type { ExchangeOptions, HttpReply, HttpRequest, SqsHttpHandler } from "./sqs-http-handler.ts";
import { field } from "./field.ts";
import { HOT_COMMANDS, readReply } from "./sqs-replies.ts";

const { isDeepStrictEqual } = process.getBuiltinModule("node:util");

/** How long requests are copied before the SDK makes one again, which also samples the service's clock. */
const COPIED_FOR_MS = 60_000;
/** Pairs of queue and operation to remember; beyond that, all are learned anew. */
const MAX_LESSONS = 1_000;

interface Lesson {
  readonly template: SignedTemplate;
  /** True: two requests of the SDK agreed. Anything else that changes between requests would have shown. */
  readonly isConfirmed: boolean;
  readonly untilMs: number;
}

/**
 * Sends most requests without the SDK. The SDK makes one a minute of each kind; those in between are copies
 * of it with another body, time and signature. Any outcome but success goes to the SDK as if it had sent that
 * request, so that errors, clock skew and odd answers stay its own. See docs/decisions/0033.
 */
export class RequestCopies {
  readonly #client: SQSClient;
  readonly #handler: Pick<SqsHttpHandler, "exchange">;
  /** Keyed by command and queue: both may affect the endpoint and the headers. */
  readonly #lessons = new Map<string, Lesson>();
  /** Outcomes of copies that did not succeed, by input, for the SDK to interpret. */
  readonly #outcomes = new WeakMap<object, Promise<{ readonly response: HttpReply }>>();

  /** @param handler carries the copies, which the SDK does not see */
  constructor(client: SQSClient, handler: Pick<SqsHttpHandler, "exchange">) {
    this.#client = client;
    this.#handler = handler;
    client.middlewareStack.add(
      (next, { commandName = "" }) =>
        async (args) => {
          const outcome = this.#outcomes.get(args.input);
          if (outcome !== undefined) {
            this.#outcomes.delete(args.input);
            return await outcome;
          }
          const result = await next(args);
          // Not awaited: the request was carried out, and a source of credentials may hang. Not done before
          // the answer either: the first send of a process would take 1.5 ms longer.
          if (HOT_COMMANDS.has(commandName) && isSuccess(result.response))
            systemClock.setTimer(() => {
              void this.#learn(keyOf(commandName, args.input), args.input, args.request as HttpRequest);
            }, 0);
          return result;
        },
      // The innermost step, where the request is already signed.
      { step: "deserialize", priority: "low", name: "requestLessons" },
    );
  }

  /** Returns undefined if the SDK must go on with this input: make the request, or read the copy's answer. */
  async send(
    commandName: string,
    input: ServiceInputTypes,
    options: ExchangeOptions,
  ): Promise<object | undefined> {
    const key = keyOf(commandName, input);
    const request = await this.#copyFor(key, input);
    if (request === undefined) return undefined;
    const outcome = this.#handler.exchange(request, options);
    try {
      const { response } = await outcome;
      // The copying itself may be the reason for the refusal, so the next request is not a copy.
      if (response.statusCode >= 400 && response.statusCode < 500) this.#lessons.delete(key);
      const output = readReply(commandName, response);
      if (output !== undefined) return output;
    } catch {
      // The SDK gets the same rejection, from `#outcomes`.
    }
    this.#outcomes.set(input, outcome);
    return undefined;
  }

  /** True if a copy of this input went out, and the SDK is to read its outcome. */
  isTried(input: object): boolean {
    return this.#outcomes.has(input);
  }

  /** True, once, if a copy of this input was answered and the SDK failed before it read the answer. */
  isUnread(input: object): boolean {
    return this.#outcomes.delete(input);
  }

  async #copyFor(key: string, input: object): Promise<WrittenRequest | undefined> {
    const lesson = this.#lessons.get(key);
    if (lesson?.isConfirmed !== true || systemClock.now() > lesson.untilMs) return undefined;
    // Asked for each time: the SDK keeps and renews them.
    const identity = await this.#client.config.credentials();
    if (!lesson.template.isFor(identity)) return undefined;
    const signedAtMs = systemClock.wallNow() + this.#client.config.systemClockOffset;
    return Number.isFinite(signedAtMs) ? lesson.template.sign(requestBody(input), signedAtMs) : undefined;
  }

  /** Never rejects. */
  async #learn(key: string, input: object, request: HttpRequest): Promise<void> {
    try {
      const template = SignedTemplate.of(request, await this.#client.config.credentials());
      if (template === undefined) return;
      const known = this.#lessons.get(key);
      const isConfirmed = known?.template.isLike(template) === true;
      // Many may be out before the first is learned from; a third with a megabyte of body proves no more.
      if (!(isConfirmed && known.isConfirmed) && !isBodyOf(input, request.body)) return;
      if (this.#lessons.size >= MAX_LESSONS) this.#lessons.clear();
      this.#lessons.set(key, { template, isConfirmed, untilMs: systemClock.now() + COPIED_FOR_MS });
    } catch {
      // Nothing was learned; the SDK makes the next request, too.
    }
  }
}

function keyOf(commandName: string, input: ServiceInputTypes): string {
  return `${commandName} ${"QueueUrl" in input ? input.QueueUrl : ""}`;
}

function isSuccess(response: unknown): boolean {
  return field(response, "statusCode") === 200;
}

/** True if the body is the SDK's JSON of the input, whatever the order of its fields. */
function isBodyOf(input: object, body: unknown): boolean {
  if (!(body instanceof Uint8Array) && typeof body !== "string") return false;
  const written =
    typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  return isDeepStrictEqual(JSON.parse(written), JSON.parse(JSON.stringify(input)));
}
