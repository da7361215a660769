import { loopbackOrRefuse, suggest } from "@anyqueue/core/adapter";
import type { ConnectionUrl, Provider, ProviderContext } from "@anyqueue/core/adapter";
import type { SQSClient, SQSClientConfig } from "@aws-sdk/client-sqs";
import { invalid } from "./refusal.ts";
import { SqsAdapter } from "./sqs-adapter.ts";
import { OWN_SETTINGS, type SqsClientOptions } from "./sqs-client.ts";
import { field } from "./field.ts";
import { checkEndpoint, isRegion, readConnectionUrl } from "./sqs-url.ts";

/** How to reach SQS. Every option may be left out if the AWS environment provides it. */
export interface SqsOptions {
  /**
   * Your own SDK client, instead of all other options. It is used as it is, for polls too, and `close()`
   * leaves it open. Build it with `maxAttempts: 1`, because the SDK repeats sends whose answer was lost, and
   * with `md5: false`. @default one of its own
   */
  readonly client?: SQSClient | undefined;
  /** AWS region, such as `"eu-west-1"`; must not differ from the URL's. @default the URL's, else the AWS environment's */
  readonly region?: string | undefined;
  /**
   * URL of another server: an emulator (`"http://127.0.0.1:4566"`) or a VPC endpoint. `http:` is refused
   * except on this machine, or with `?plaintext=allow` in the connection URL; so is one of the environment.
   * The `?endpoint=` of that URL overrides this option.
   * @default AWS_ENDPOINT_URL_SQS, else AWS
   */
  readonly endpoint?: string | undefined;
  /**
   * Credentials, or a function that returns them. @default the SDK's own chain: environment, shared files,
   * SSO, container, instance
   */
  readonly credentials?: SQSClientConfig["credentials"] | undefined;
  /**
   * Further settings of the SDK client, such as `useFipsEndpoint`. The adapter itself sets those that keep
   * messages safe (retries, checksums), and refuses them here. @default none
   */
  readonly clientOptions?: SqsClientOptions | undefined;
}

/**
 * The features that one SQS queue can have at once: a FIFO queue keeps order and deduplicates, a standard queue delays
 * single messages.
 */
export type SqsModes = ("ordering" | "deduplication")[] | "delay"[];

const OPTIONS = ["client", "region", "endpoint", "credentials", "clientOptions"] as const;

/**
 * Amazon SQS, for `createClient`. URLs are `sqs://<region>` with `?endpoint=`, `?account=` and
 * `?plaintext=allow`. The first call loads the SDK (`@aws-sdk/client-sqs`).
 *
 * @example
 * const client = createClient("sqs://eu-west-1", [sqs()]);
 * const local = createClient("sqs://eu-west-1?endpoint=http://127.0.0.1:4566", [sqs()]);
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function sqs(options: SqsOptions = {}): Provider<"sqs", SqsModes> {
  checkOptions(options);
  const settled = Object.freeze({ ...options, clientOptions: given(options.clientOptions) });
  return Object.freeze({
    scheme: "sqs" as const,
    connect: (url: ConnectionUrl, context: ProviderContext) => connect(settled, url, context),
  });
}

function connect(options: SqsOptions, url: ConnectionUrl, { clock }: ProviderContext): SqsAdapter {
  const place = readConnectionUrl(url);
  const endpoint =
    place.endpoint ?? (options.endpoint === undefined ? undefined : checkEndpoint(options.endpoint, url));
  if (place.region !== undefined && options.region !== undefined && place.region !== options.region) {
    const what = `${url.text}: the URL says ${place.region}, the option \`region\` says ${options.region}`;
    throw invalid(what, "Say it once.");
  }
  return new SqsAdapter({
    ...options,
    region: place.region ?? options.region,
    endpoint,
    account: place.account,
    clock,
    checkOrigin: (origin, text = url.text) => loopbackOrRefuse(origin, { ...url, text }),
  });
}

function checkOptions(options: SqsOptions): void {
  if (typeof options !== "object" || options === null) {
    throw invalid("sqs(): expected an object of options", 'Write sqs() or sqs({ region: "eu-west-1" }).');
  }
  const problems = Object.keys(options)
    .filter((key) => !OPTIONS.some((known) => known === key))
    .map((key) => unknownOption(key));
  for (const [setting, why] of Object.entries(OWN_SETTINGS)) {
    if (Object.hasOwn(given(options.clientOptions) ?? {}, setting))
      problems.push(`clientOptions.${setting} is the adapter's own: ${why}`);
  }
  if (options.region !== undefined && !isRegion(options.region))
    problems.push("`region` is not an AWS region");
  if (options.client !== undefined) {
    if (typeof field(options.client, "send") !== "function") problems.push("`client` is not an SQSClient");
    const beside = OPTIONS.filter((key) => key !== "client" && options[key] !== undefined);
    problems.push(...beside.map((key) => `\`client\` and \`${key}\` cannot be combined`));
  }
  if (problems.length === 0) return;
  throw invalid(`sqs(): ${problems.join("; ")}`, "Correct the options; every problem found is listed.");
}

/**
 * Leaves out undefined settings. The SDK takes them for values: `requestHandler: undefined` would bring its
 * own handler, which has no timeout.
 */
function given(options: SqsClientOptions | undefined): SqsClientOptions | undefined {
  return options && Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function unknownOption(key: string): string {
  const meant = suggest(key, OPTIONS);
  return `unknown option ${JSON.stringify(key)} (${meant === undefined ? `known: ${OPTIONS.join(", ")}` : `did you mean "${meant}"?`})`;
}
