import type { SQSClient, SQSClientConfig } from "@aws-sdk/client-sqs";
import { describeForeignAnswer } from "./foreign-answer.ts";
import { namedError } from "./named-error.ts";
import { OneShotSha256 } from "./one-shot-sha256.ts";
import { RequestCopies } from "./request-copies.ts";
import type { ClientSettings, CommandName, InputOf, OutputOf, Sdk, SqsCommand } from "./sqs-client.ts";
import { field } from "./field.ts";
import { classifySqsError } from "./sqs-errors.ts";
import { SqsHttpHandler, type ExchangeOptions } from "./sqs-http-handler.ts";
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "./sqs-limits.ts";

/**
 * An SDK client without the work per request that this adapter does not need: the SDK's HTTP handler, hash
 * objects and log, and resolving the middleware anew. Signing, credentials, clock skew, endpoints and errors
 * stay the SDK's.
 */
export class LeanClient {
  readonly sdkClient: SQSClient;
  readonly #sdk: Sdk;
  readonly #copies: RequestCopies | undefined;

  constructor(sdk: Sdk, settings: ClientSettings, maxSockets: number) {
    const handler = new SqsHttpHandler({ connectTimeoutMs: CONNECT_TIMEOUT_MS, maxSockets, optionsOf });
    this.#sdk = sdk;
    this.sdkClient = new sdk.SQSClient({
      cacheMiddleware: true,
      sha256: OneShotSha256,
      requestHandler: handler,
      ...settings.clientOptions,
      ...given(settings),
      // The SDK would repeat a send whose answer was lost: a second message on a standard queue. The core
      // knows better when to retry.
      maxAttempts: 1,
      // The environment may set adaptive mode, in which the SDK waits for seconds before a send, and no
      // signal ends that.
      retryMode: "standard",
      // The SDK's check throws away a whole batch for one bad message; ours checks each message.
      md5: false,
      // Otherwise the host in a queue URL overrides the configured endpoint, AWS_ENDPOINT_URL_SQS included.
      useQueueUrlAsEndpoint: false,
    });
    // The innermost step: the request is signed, and no later step makes a copy of the object.
    this.sdkClient.middlewareStack.add(
      (next) => async (args) => {
        const options = exchangeOptions.get(args.input);
        const request = Object(args.request);
        if (options !== undefined) exchangeOptions.set(request, options);
        // Only the SDK knows which endpoint it found in variables and files (docs/decisions/0075).
        if (settings.endpoint === undefined && request.protocol === "http:")
          settings.checkOrigin?.(`http://${request.hostname}:${request.port ?? 80}`, ENVIRONMENT);
        unbegun.delete(args.input);
        return await next(args);
      },
      { step: "deserialize", priority: "low", name: "exchangeOptions" },
    );
    // This middleware copies every input and output for a log that nobody reads.
    if (settings.clientOptions?.logger === undefined)
      this.sdkClient.middlewareStack.remove("loggerMiddleware");
    if (mayCopy(settings)) this.#copies = new RequestCopies(this.sdkClient, handler);
  }

  /**
   * Sends a copy of an earlier request if there is one, else the SDK's own request. The options bypass the
   * SDK, because it keeps resolved middleware only for calls without options.
   */
  async send<Name extends CommandName>(
    name: Name,
    input: InputOf<Name>,
    options: ExchangeOptions,
  ): Promise<OutputOf<Name>> {
    try {
      const copied = await this.#copies?.send(name, input, options);
      if (copied !== undefined) return copied as OutputOf<Name>;
      exchangeOptions.set(input, options);
      if (this.#copies?.isTried(input) !== true) unbegun.add(input);
      return await this.sdkClient.send(commandOf(this.#sdk, name, input));
    } catch (error) {
      if (this.#copies?.isUnread(input) === true) throw unread(error);
      nameRefusal(error);
      describeForeignAnswer(error);
      throw unbegun.delete(input) || !exchangeOptions.has(input) ? unsent(error) : error;
    }
  }
}

/** Needs a cast: the SDK's types know each class, but not what the classes have in common. */
export function commandOf<Name extends CommandName>(
  sdk: Sdk,
  name: Name,
  input: InputOf<Name>,
): SqsCommand<InputOf<Name>, OutputOf<Name>> {
  const Command = sdk[name] as unknown as new (
    input: InputOf<Name>,
  ) => SqsCommand<InputOf<Name>, OutputOf<Name>>;
  return new Command(input);
}

/** The SDK failed before it read the answer to a copy. The copy may have been applied. */
function unread(cause: unknown): Error {
  return namedError("InternalError", "the answer could not be read", cause);
}

/**
 * Gives the SDK's failure over a refusal the refusal's name. Releases 3.946 to 3.994 fail with a TypeError over
 * each one that has no header `x-amzn-query-error`. https://github.com/aws/aws-sdk-js-v3/issues/7749 (2026-11-30)
 */
function nameRefusal(error: unknown): void {
  const body = field(field(error, "$response"), "body");
  if (!(error instanceof TypeError) || !(body instanceof Uint8Array)) return;
  try {
    const type = field(JSON.parse(new TextDecoder().decode(body)), "__type");
    if (typeof type === "string") error.name = type.replace(/^.*#/, "");
  } catch {
    // It is no refusal of the service's, but the page of some proxy.
  }
}

/** The SDK failed before it made the request, usually because of credentials, so nothing was applied. */
function unsent(error: unknown): unknown {
  if (error instanceof Error && Object.isExtensible(error)) Object.assign(error, { isUnbegun: true });
  return error;
}

/** Settings that change all requests alike, and do not see single requests. */
const WITHOUT_EFFECT_ON_COPIES: ReadonlySet<string> = new Set([
  "customUserAgent",
  "profile",
  "useDualstackEndpoint",
  "useFipsEndpoint",
  "userAgentAppId",
] satisfies (keyof SQSClientConfig)[]);

function mayCopy({ clientOptions = {} }: ClientSettings): boolean {
  return Object.keys(clientOptions).every((key) => WITHOUT_EFFECT_ON_COPIES.has(key));
}

function optionsOf(inputOrRequest: object): ExchangeOptions {
  return exchangeOptions.get(inputOrRequest) ?? DEFAULT_EXCHANGE;
}

/** Inputs whose request the SDK has not made yet, or never will. */
const unbegun = new WeakSet<object>();
/** Keyed by the input of a call, then by its signed request. */
const exchangeOptions = new WeakMap<object, ExchangeOptions>();
const ENVIRONMENT = "AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL or endpoint_url";
const DEFAULT_EXCHANGE: ExchangeOptions = { timeoutMs: REQUEST_TIMEOUT_MS };

/** Leaves out undefined settings: the SDK takes an explicit `undefined` for a value. */
function given({ region, endpoint, credentials }: ClientSettings): SQSClientConfig {
  const named = typeof credentials === "function" ? namingFailures(credentials) : credentials;
  const pairs = Object.entries({ region, endpoint, credentials: named });
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

type CredentialSource = Extract<SQSClientConfig["credentials"], (...args: never) => unknown>;

/** Wraps an unknown error of the application's own source, which would not tell what failed. */
function namingFailures(source: CredentialSource): CredentialSource {
  const named: CredentialSource = async (options) => {
    try {
      return await source(options);
    } catch (error) {
      if (classifySqsError(error, "open").code !== "INTERNAL") throw error;
      throw namedError("CredentialsProviderError", "the source of the credentials failed", error);
    }
  };
  // The SDK marks its own sources with properties.
  return Object.assign(named, source);
}
