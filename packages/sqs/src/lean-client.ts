import type { SQSClient, SQSClientConfig } from "@aws-sdk/client-sqs";
import { namedError } from "./named-error.ts";
import { OneShotSha256 } from "./one-shot-sha256.ts";
import { RequestCopies } from "./request-copies.ts";
import type { ClientSettings, CommandName, InputOf, OutputOf, Sdk, SqsCommand } from "./sqs-client.ts";
import { classifySqsError } from "./sqs-errors.ts";
import { SqsHttpHandler, type ExchangeOptions } from "./sqs-http-handler.ts";
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "./sqs-limits.ts";

/**
 * An SDK client without what the SDK does for every request and this adapter has no use for: its HTTP handler, its hash
 * objects, its log, and the middleware resolved anew. Signing, credentials, clock skew, endpoints and errors stay the SDK's.
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
      // The SDK repeats a send whose answer was lost: a second message on a standard queue. The core knows better when to.
      maxAttempts: 1,
      // The environment's could be adaptive: the SDK then waits for seconds before it sends, and no signal ends that.
      retryMode: "standard",
      // The SDK's check throws a whole batch away for one bad message; ours looks at each.
      md5: false,
      // Else the host in a queue URL beats the endpoint that was configured, AWS_ENDPOINT_URL_SQS too.
      useQueueUrlAsEndpoint: false,
    });
    // The innermost step: the request is signed, and will not be copied again.
    this.sdkClient.middlewareStack.add(
      (next) => async (args) => {
        const options = exchangeOptions.get(args.input);
        if (options !== undefined) exchangeOptions.set(Object(args.request), options);
        unbegun.delete(args.input);
        return await next(args);
      },
      { step: "deserialize", priority: "low", name: "exchangeOptions" },
    );
    // It copies every input and output for a log that nobody reads.
    if (settings.clientOptions?.logger === undefined)
      this.sdkClient.middlewareStack.remove("loggerMiddleware");
    if (mayCopy(settings)) this.#copies = new RequestCopies(this.sdkClient, handler);
  }

  /**
   * A copy of an earlier request where there is one, else the SDK's. The options go beside the SDK and not through it: it
   * keeps resolved middleware only for calls without options.
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
      throw unbegun.delete(input) || !exchangeOptions.has(input) ? unsent(error) : error;
    }
  }
}

/** The types of the SDK know each class, but not what they have in common. */
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

/** The SDK failed on its way to the answer of a copy, which may have been applied. */
function unread(cause: unknown): Error {
  return namedError("InternalError", "the answer could not be read", cause);
}

/** The SDK failed on its way to the request, by its credentials as a rule: whatever happened there, nothing was applied. */
function unsent(error: unknown): unknown {
  if (error instanceof Error && Object.isExtensible(error)) Object.assign(error, { isUnbegun: true });
  return error;
}

/** Settings that shape all requests alike, and see none. */
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
/** By the input of a call, then by its signed request. */
const exchangeOptions = new WeakMap<object, ExchangeOptions>();
const DEFAULT_EXCHANGE: ExchangeOptions = { timeoutMs: REQUEST_TIMEOUT_MS };

/** The SDK takes a present `undefined` for a value. */
function given({ region, endpoint, credentials }: ClientSettings): SQSClientConfig {
  const named = typeof credentials === "function" ? namingFailures(credentials) : credentials;
  const pairs = Object.entries({ region, endpoint, credentials: named });
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

type CredentialSource = Extract<SQSClientConfig["credentials"], (...args: never) => unknown>;

/** Of a source of the application's own that fails with an error of its own, nobody could tell what failed. */
function namingFailures(source: CredentialSource): CredentialSource {
  const named: CredentialSource = async (options) => {
    try {
      return await source(options);
    } catch (error) {
      if (classifySqsError(error, "open").code !== "INTERNAL") throw error;
      throw namedError("CredentialsProviderError", "the source of the credentials failed", error);
    }
  };
  // The SDK's own sources say so in properties of theirs.
  return Object.assign(named, source);
}
