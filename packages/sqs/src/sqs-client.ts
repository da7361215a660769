import { QueueError, setTimeLimit, systemClock, unloadable } from "@anyqueue/core/adapter";
import type * as AwsSdk from "@aws-sdk/client-sqs";
import type { SQSClient, SQSClientConfig } from "@aws-sdk/client-sqs";
import type * as Lean from "./lean-client.ts";
import type { LeanClient } from "./lean-client.ts";
import { namedError } from "./named-error.ts";
import { invalid } from "./refusal.ts";
import { tooOld } from "./sdk-version.ts";
import { field } from "./field.ts";
import { NO_REGION } from "./sqs-errors.ts";
import { REQUEST_TIMEOUT_MS } from "./sqs-limits.ts";

export type Sdk = typeof AwsSdk;
/** The SDK's class of an operation, such as `SendMessageBatchCommand`. */
export type CommandName = Extract<keyof Sdk, `${string}Command`>;
type In = AwsSdk.ServiceInputTypes;
type Out = AwsSdk.ServiceOutputTypes;
export type SqsCommand<I extends In, O extends Out> = AwsSdk.$Command<
  I,
  O,
  AwsSdk.SQSClientResolvedConfig,
  In,
  Out
>;
type TypesOf<Name extends CommandName> =
  InstanceType<Sdk[Name]> extends { readonly input: infer I; resolveMiddleware(...args: never): infer H }
    ? H extends (...args: never) => Promise<{ output: infer O }>
      ? [I, O]
      : never
    : never;
export type InputOf<Name extends CommandName> = TypesOf<Name>[0];
export type OutputOf<Name extends CommandName> = TypesOf<Name>[1];
/** Makes one call to SQS; `SqsClients` and `SqsQueue` both offer it. */
export type SqsCall = <Name extends CommandName>(
  name: Name,
  input: InputOf<Name>,
  options?: CallOptions,
) => Promise<OutputOf<Name>>;

/** Settings of the SDK client that only the adapter sets, and why. */
export const OWN_SETTINGS = {
  region: "use the option of sqs()",
  endpoint: "use the option of sqs()",
  credentials: "use the option of sqs()",
  maxAttempts: "a retry inside the SDK can send a message twice, unseen",
  retryMode: "retries are the core's",
  retryStrategy: "retries are the core's",
  md5: "checksums are verified message by message",
  useQueueUrlAsEndpoint: "the endpoint of the connection decides",
};
/** Settings of the SDK client that an application may give: all but those that only the adapter sets. */
export type SqsClientOptions = Omit<SQSClientConfig, keyof typeof OWN_SETTINGS>;

export interface ClientSettings {
  readonly client?: SQSClient | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly credentials?: SQSClientConfig["credentials"] | undefined;
  readonly clientOptions?: SqsClientOptions | undefined;
  /** @throws INVALID_ARGUMENT if an origin from elsewhere than the connection's URL may not be used as an endpoint */
  readonly checkOrigin?: ((origin: string, from?: string) => void) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default 15 s */
  readonly timeoutMs?: number;
  /** True: a long poll. These have separate connections, so that they never starve deletes (D8). */
  readonly isPoll?: boolean;
}

/** Loaded by the first call: Node's own HTTP alone takes longer to load than the rest of this package. */
interface Loaded {
  readonly sdk: Sdk;
  readonly lean: typeof Lean;
}

/** Refused although well formed, so never applied: worth one more try with the clock the SDK corrected. */
const EXPIRED = /^(?:RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)$/;
/** The same, but only if the SDK has corrected its clock meanwhile: they mostly have other reasons. */
const REFUSED = /^(?:SignatureDoesNotMatch|InvalidSignatureException|AuthFailure|AccessDeniedException)$/;
/** A correction by less is none: each answer moves the SDK's clock a little. As in `@aws-sdk/core` 3.981.0. */
const CORRECTION_MS = 240_000;

/** The SDK clients of one connection. The first call loads them; `close` ends them. */
export class SqsClients {
  readonly #settings: ClientSettings;
  #loaded: Promise<Loaded> | undefined;
  #work: LeanClient | undefined;
  #polls: LeanClient | undefined;
  #place: Promise<void> | undefined;
  readonly #isOurHandler: boolean;
  readonly #ending = new AbortController();
  /** Aborts when the connection is closed, with the error of its use after that. */
  readonly ended: AbortSignal = this.#ending.signal;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#isOurHandler =
      settings.client === undefined && settings.clientOptions?.requestHandler === undefined;
  }

  readonly call: SqsCall = async (name, input, options = {}) => {
    const loaded = await (this.#loaded ??= load());
    if (this.#settings.client !== undefined) await (this.#place ??= refuseOtherPlace(this.#settings));
    this.#refuseUse(options.signal);
    const { client = this.#clientFor(loaded, options).sdkClient } = this.#settings;
    const offsetMs = offsetOf(client);
    try {
      return await this.#send(loaded, name, input, options);
    } catch (error) {
      if (isWithoutRegion(error)) throw withoutRegion(error);
      // The SDK's own mark on the error is missing if another answer corrected the clock, or set it right again.
      const isCorrected = Math.abs(offsetOf(client) - offsetMs) >= CORRECTION_MS;
      if (!wasExpired(error, isCorrected)) throw (await tooOld(client, error)) ?? error;
      // The SDK has learned the service's time from this answer, but would use it only in a retry of its own.
      return await this.#send(loaded, name, input, options);
    }
  };

  close(): void {
    this.#ending.abort(new QueueError("CLOSED", { what: "the SQS connection is closed" }));
    this.#work?.sdkClient.destroy();
    this.#polls?.sdkClient.destroy();
  }

  #refuseUse(signal: AbortSignal | undefined): void {
    this.ended.throwIfAborted();
    if (signal?.aborted !== true) return;
    // No request has gone out, so nothing can have been applied.
    throw new QueueError("CANCELLED", { what: "aborted before the request", cause: signal.reason });
  }

  async #send<Name extends CommandName>(
    loaded: Loaded,
    name: Name,
    input: InputOf<Name>,
    options: CallOptions,
  ): Promise<OutputOf<Name>> {
    const { signal, timeoutMs = REQUEST_TIMEOUT_MS } = options;
    if (this.#isOurHandler)
      return await this.#clientFor(loaded, options).send(name, input, { signal, timeoutMs });
    const client = this.#settings.client ?? this.#clientFor(loaded, options).sdkClient;
    const command = loaded.lean.commandOf(loaded.sdk, name, input);
    return await inTime(timeoutMs, signal, async (abortSignal) => {
      return await client.send(command, { requestTimeout: timeoutMs, abortSignal });
    });
  }

  #clientFor({ sdk, lean }: Loaded, { isPoll = false }: CallOptions): LeanClient {
    return isPoll
      ? (this.#polls ??= new lean.LeanClient(sdk, this.#settings, Infinity))
      : (this.#work ??= new lean.LeanClient(sdk, this.#settings, 64));
  }
}

/** Ends the call by an abort: on a timeout, the SDK's own handlers only write a warning. */
async function inTime<Output>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  send: (abortSignal: AbortSignal) => Promise<Output>,
): Promise<Output> {
  const ended = new AbortController();
  const stop = (): void => ended.abort(signal?.reason);
  const timer = setTimeLimit(systemClock, () => ended.abort(), timeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await send(ended.signal);
  } catch (error) {
    if (!ended.signal.aborted || signal?.aborted === true) throw error;
    throw namedError("TimeoutError", `no answer within ${timeoutMs} ms`, error);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", stop);
  }
}

/** A client given by the application calls its own place, which may have a queue of the same name. */
async function refuseOtherPlace({ client, region, endpoint }: ClientSettings): Promise<void> {
  const { region: ofClient, endpoint: endpointOf }: Partial<SQSClient["config"]> = client?.config ?? {};
  if (endpoint !== undefined) {
    const { protocol, hostname, port } = new URL(endpoint);
    const own = await endpointOf?.();
    if (own?.protocol === protocol && own.hostname === hostname && `${own.port ?? ""}` === port) return;
    const remedy = "Give the client this endpoint, or leave it out of the URL.";
    throw invalid(`the URL has the endpoint ${endpoint}, which the given client does not call`, remedy);
  }
  if (region === undefined || ofClient === undefined || endpointOf !== undefined) return;
  const own = await ofClient().catch(() => region);
  if (own === region) return;
  const remedy = "Give this queue a client of its region.";
  throw invalid(`the queue is in ${region}, the given client is for ${own}`, remedy);
}

async function load(): Promise<Loaded> {
  const [sdk, lean] = await Promise.all([loadSdk(), import("./lean-client.ts")]);
  return { sdk, lean };
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@aws-sdk/client-sqs");
  } catch (error) {
    throw unloadable("@aws-sdk/client-sqs", error);
  }
}

function isWithoutRegion(error: unknown): boolean {
  return error instanceof Error && NO_REGION.test(error.message);
}

function withoutRegion(cause: unknown): QueueError {
  return new QueueError("INVALID_ARGUMENT", {
    what: "no AWS region is known",
    remedy: 'Write it into the URL, such as "sqs://eu-west-1", or set AWS_REGION.',
    provider: "sqs",
    cause,
  });
}

/** How far the SDK takes the service's clock to be ahead; NaN for a client that does not say. */
function offsetOf(client: SQSClient): number {
  return Number(field(client.config, "systemClockOffset"));
}

function wasExpired(error: unknown, isCorrected: boolean): boolean {
  if (!(error instanceof Error)) return false;
  return EXPIRED.test(error.name) || (isCorrected && REFUSED.test(error.name));
}
