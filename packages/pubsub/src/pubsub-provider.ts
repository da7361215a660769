import { loopbackOrRefuse, suggest } from "@anyqueue/core/adapter";
import type { ConnectionUrl, Provider, ProviderContext } from "@anyqueue/core/adapter";
import type { PubSub } from "@google-cloud/pubsub";
import { certificateProblems } from "./client-certificate.ts";
import { checkProvisioning, type Provisioning, type ProvisioningOptions } from "./provisioning.ts";
import { PubsubAdapter } from "./pubsub-adapter.ts";
import { OWN_SETTINGS, type PubsubClientOptions } from "./pubsub-client.ts";
import { field } from "./pubsub-errors.ts";
import { checkEndpoint, isProject, readConnectionUrl } from "./pubsub-url.ts";
import { invalid } from "./refusal.ts";

/** How to reach Pub/Sub. Everything is optional if the Google environment says it. */
export interface PubsubOptions {
  /**
   * Your own `PubSub`, instead of `project`, `endpoint` and `clientOptions`: its settings are used, and
   * `close()` leaves it open. Streams and requests go through separate generated clients, which are closed.
   * @default the adapter makes one
   */
  readonly client?: PubSub | undefined;
  /**
   * Id of the Google Cloud project; must not differ from the URL's.
   * @default the URL's, else the environment's or the credentials'
   */
  readonly project?: string | undefined;
  /**
   * Another server: `"127.0.0.1:8085"` (an emulator: plaintext, without credentials) or `"https://…"` (TLS
   * and credentials, such as Private Service Connect). Plaintext is refused, except on this machine or with
   * `?plaintext=allow` in the connection URL. The URL's `?endpoint=` wins over this option.
   * @default PUBSUB_EMULATOR_HOST, else Google
   */
  readonly endpoint?: string | undefined;
  /**
   * Further settings of the SDK client, such as `credentials` or `auth`. Settings that keep messages safe
   * belong to the adapter, and are refused here. @default none
   */
  readonly clientOptions?: PubsubClientOptions | undefined;
  /**
   * How `client.admin.create` makes subscriptions. @default at least once; no retry policy, filter or replay
   */
  readonly provisioning?: ProvisioningOptions | undefined;
}

/**
 * Features that a topic with its subscription can have: ordering by key. Delay and ttl can be emulated;
 * Pub/Sub does not deduplicate sends.
 */
export type PubsubModes = "ordering"[];

const OPTIONS = ["client", "project", "endpoint", "clientOptions", "provisioning"] as const;
/** Options that a given `client` decides itself. */
const OF_A_CLIENT = ["project", "endpoint", "clientOptions"] as const;

/**
 * Google Cloud Pub/Sub, for `createClient`. URLs are `pubsub://<project>` with `?endpoint=` and
 * `?plaintext=allow`. The SDK (`@google-cloud/pubsub`) is loaded with the first call.
 *
 * @example
 * const client = createClient("pubsub://my-project", [pubsub()]);
 * const local = createClient("pubsub://my-project?endpoint=127.0.0.1:8085", [pubsub()]);
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function pubsub(options: PubsubOptions = {}): Provider<"pubsub", PubsubModes> {
  const provisioning = checkOptions(options);
  const settled = Object.freeze({ ...options });
  return Object.freeze({
    scheme: "pubsub" as const,
    connect: (url: ConnectionUrl, context: ProviderContext) => connect(settled, provisioning, url, context),
  });
}

function connect(
  options: PubsubOptions,
  provisioning: Provisioning,
  url: ConnectionUrl,
  { clock, prefix = "" }: ProviderContext,
): PubsubAdapter {
  const place = readConnectionUrl(url);
  const endpoint =
    place.endpoint ?? (options.endpoint === undefined ? undefined : checkEndpoint(options.endpoint, url));
  if (place.project !== undefined && options.project !== undefined && place.project !== options.project) {
    const what = `${url.text}: the URL says ${place.project}, the option \`project\` says ${options.project}`;
    throw invalid(what, "Say it once.");
  }
  if (options.client !== undefined && endpoint !== undefined) {
    throw invalid(
      `${url.text}: \`client\` and an endpoint cannot be combined`,
      "The client knows its endpoint.",
    );
  }
  return new PubsubAdapter({
    ...options,
    project: place.project ?? options.project,
    endpoint,
    provisioning,
    prefix,
    clock,
    checkOrigin: (hostAndPort) => loopbackOrRefuse(hostAndPort, { ...url, text: "PUBSUB_EMULATOR_HOST" }),
  });
}

function checkOptions(options: PubsubOptions): Provisioning {
  if (typeof options !== "object" || options === null) {
    throw invalid(
      "pubsub(): expected an object of options",
      'Write pubsub() or pubsub({ project: "my-project" }).',
    );
  }
  const problems = Object.keys(options)
    .filter((key) => !OPTIONS.some((known) => known === key))
    .map((key) => unknownOption(key));
  const { clientOptions, endpoint } = options;
  if (clientOptions !== undefined && (typeof clientOptions !== "object" || clientOptions === null))
    problems.push("`clientOptions` is not an object");
  if (endpoint !== undefined && typeof endpoint !== "string") problems.push("`endpoint` is not a text");
  for (const [setting, why] of Object.entries(OWN_SETTINGS)) {
    const isGiven = Object.hasOwn(options.clientOptions ?? {}, setting);
    if (isGiven) problems.push(`clientOptions.${setting} is the adapter's own: ${why}`);
  }
  problems.push(...certificateProblems(options.clientOptions));
  if (options.project !== undefined && !isProject(options.project))
    problems.push("`project` is not a Google Cloud project");
  if (options.client !== undefined) {
    if (typeof field(options.client, "getClientConfig") !== "function")
      problems.push("`client` is not a PubSub");
    const beside = OF_A_CLIENT.filter((key) => options[key] !== undefined);
    problems.push(...beside.map((key) => `\`client\` and \`${key}\` cannot be combined`));
  }
  const provisioning = checkProvisioning(options.provisioning, problems);
  if (problems.length === 0) return provisioning;
  throw invalid(`pubsub(): ${problems.join("; ")}`, "Correct the options; every problem found is listed.");
}

function unknownOption(key: string): string {
  const meant = suggest(key, OPTIONS);
  return `unknown option ${JSON.stringify(key)} (${meant === undefined ? `known: ${OPTIONS.join(", ")}` : `did you mean "${meant}"?`})`;
}
