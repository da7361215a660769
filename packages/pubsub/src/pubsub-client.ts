import { QueueError, setTimeLimit, unloadable, type Clock } from "@anyqueue/core/adapter";
import type * as PubsubSdk from "@google-cloud/pubsub";
import type { CallOptions, ClientConfig, PubSub, v1 } from "@google-cloud/pubsub";
import { closeGenerated, type GeneratedClient } from "./close-generated.ts";
import {
  FLOW_CONTROL_WINDOW_BYTES,
  LOOKUP_TIMEOUT_MS,
  PING_ANSWER_MS,
  PING_MS,
  RECONNECT_MS,
  REQUEST_TIMEOUT_MS,
  SAME_START_MS,
  SLOW_LOOKUP_MS,
} from "./pubsub-limits.ts";
import { CREDENTIALS_REMEDY, PROJECT_REMEDY } from "./pubsub-errors.ts";
import type { Endpoint, ResourceName } from "./pubsub-url.ts";
import { PullClients, type PullClient } from "./pull-clients.ts";
import { invalid } from "./refusal.ts";

type Sdk = typeof PubsubSdk;

/** Settings of the SDK client that only the adapter sets, and why. */
export const OWN_SETTINGS = {
  projectId: "use the URL or the option of pubsub()",
  apiEndpoint: "use the option `endpoint` of pubsub()",
  servicePath: "use the option `endpoint` of pubsub()",
  port: "use the option `endpoint` of pubsub()",
  emulatorMode: "the endpoint decides, so that nothing is plaintext by accident",
  fallback: "the streams of a consumer need gRPC",
  autoRetry: "retries are the core's",
};
/** Settings of the SDK client that an application may give: all but those that only the adapter sets. */
export type PubsubClientOptions = Omit<ClientConfig, keyof typeof OWN_SETTINGS> & {
  /**
   * Client certificate, PEM; the SDK uses it only with GOOGLE_API_USE_CLIENT_CERTIFICATE=true in the
   * environment.
   * @default none
   */
  readonly cert?: string;
  /** The certificate's private key, PEM. @default none */
  readonly key?: string;
};

export interface ClientSettings {
  readonly client?: PubSub | undefined;
  readonly project?: string | undefined;
  readonly endpoint?: Endpoint | undefined;
  readonly clientOptions?: PubsubClientOptions | undefined;
  readonly clock: Clock;
  /** @throws INVALID_ARGUMENT if an endpoint from the environment may not be used in plaintext. */
  readonly checkOrigin: (hostAndPort: string) => void;
}

/** What the generated clients of a connection are made with. */
interface Base {
  readonly sdk: Sdk;
  readonly config: ClientConfig;
  readonly project: string;
}

/** The generated clients of one connection: loaded with the first call, ended once. */
export class PubsubClients {
  readonly #settings: ClientSettings;
  readonly #pulls: PullClients;
  #base: Promise<Base> | undefined;
  #publisher: Promise<v1.PublisherClient> | undefined;
  #subscriber: Promise<v1.SubscriberClient> | undefined;
  /** The error of the last lookup of credentials that was slow and failed, and until when that holds. */
  #failed: { readonly error: unknown; readonly untilMs: number } | undefined;
  #isClosed = false;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    // Without its own pool gRPC would share one connection, and its 100 streams, among all clients.
    this.#pulls = new PullClients(() => this.#newSubscriber({ "grpc.use_local_subchannel_pool": 1 }));
  }

  /** If a client fails to start, the next call makes a new one: credentials may be there by then. */
  async publisher(): Promise<v1.PublisherClient> {
    this.refuseUse();
    this.#publisher ??= this.#newPublisher();
    this.#publisher.catch(() => {
      this.#publisher = undefined;
    });
    return await this.#publisher;
  }

  /** The client for everything but pulling. */
  async subscriber(): Promise<v1.SubscriberClient> {
    this.refuseUse();
    this.#subscriber ??= this.#newSubscriber({});
    this.#subscriber.catch(() => {
      this.#subscriber = undefined;
    });
    return await this.#subscriber;
  }

  /** Takes a place on a connection for pulling, so that long pulls never starve acknowledgements (D8). */
  async pull(): Promise<PullClient> {
    this.refuseUse();
    return await this.#pulls.acquire();
  }

  async project(): Promise<string> {
    return (await this.#prepared()).project;
  }

  /** `projects/my-project/topics/orders` */
  async path(kind: "topics" | "subscriptions", { id, project }: ResourceName): Promise<string> {
    return `projects/${project ?? (await this.project())}/${kind}/${id}`;
  }

  /** True: this connection is to an emulator. */
  async isEmulated(): Promise<boolean> {
    return (await this.#prepared()).config.emulatorMode === true;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const clients = [this.#publisher, this.#subscriber, ...this.#pulls.takeAll()];
    // A client that never started rejects its own close, too.
    await Promise.allSettled(
      clients.map(async (starting) => {
        const client = await starting;
        if (client !== undefined) await closeGenerated(client);
      }),
    );
  }

  /** @throws CLOSED */
  refuseUse(): void {
    if (this.#isClosed) throw new QueueError("CLOSED", { what: "the Pub/Sub connection is closed" });
  }

  async #newPublisher(): Promise<v1.PublisherClient> {
    const { sdk, config } = await this.#prepared();
    return await this.#started(new sdk.v1.PublisherClient({ ...config }));
  }

  async #newSubscriber(extra: object): Promise<v1.SubscriberClient> {
    const { sdk, config } = await this.#prepared();
    return await this.#started(new sdk.v1.SubscriberClient({ ...config, ...extra }));
  }

  /** Waits until credentials are found; the channel itself connects with the first call. */
  async #started<Client extends GeneratedClient>(client: Client): Promise<Client> {
    const initialized = client.initialize();
    try {
      await this.#within(initialized);
    } catch (error) {
      // Close a client that starts too late: it has no owner, and gRPC would keep it.
      initialized.then(async () => await closeGenerated(client)).catch(() => {});
      throw error;
    }
    if (!this.#isClosed) return client;
    await closeGenerated(client);
    throw new QueueError("CLOSED", { what: "the Pub/Sub connection was closed while it opened" });
  }

  async #prepared(): Promise<Base> {
    this.refuseUse();
    const failed = this.#failed;
    if (failed !== undefined && this.#settings.clock.now() < failed.untilMs) throw failed.error;
    this.#base ??= this.#prepare();
    this.#base.catch(() => {
      this.#base = undefined;
    });
    return await this.#base;
  }

  async #prepare(): Promise<Base> {
    const sdk = await loadSdk();
    const { client, project } = this.#settings;
    if (client !== undefined && !(client instanceof sdk.PubSub)) throw otherCopy();
    const endpoint = client === undefined ? this.#endpoint(sdk) : undefined;
    const pubsub =
      client ?? new sdk.PubSub(this.#configOf(endpoint, project ?? (await this.#projectOfAuth())));
    const { isEmulator: emulatorMode } = pubsub;
    // An emulator needs no credentials, but if no project is named the SDK asks them for one.
    const config = await this.#within(pubsub.getClientConfig(), emulatorMode ? noProject : noCredentials);
    // Set again: the SDK's own parsing of an endpoint breaks an IPv6 address.
    const place = endpoint === undefined ? {} : { servicePath: endpoint.host, port: endpoint.port };
    return {
      sdk,
      config: { ...config, ...place, emulatorMode },
      project: project ?? config.projectId ?? "",
    };
  }

  #endpoint(sdk: Sdk): Endpoint | undefined {
    return this.#settings.endpoint ?? this.#environmentEndpoint(sdk);
  }

  /** The SDK reads PUBSUB_EMULATOR_HOST and its like; its result is checked before plaintext is used. */
  #environmentEndpoint(sdk: Sdk): Endpoint | undefined {
    const { options } = new sdk.PubSub({ projectId: "unused", emulatorMode: false });
    const { servicePath: host } = options;
    if (host === undefined) return undefined;
    if (host.startsWith("[")) throw unreadAddress();
    const port = Number(options.port ?? HTTPS_PORT);
    const isEncrypted = host.endsWith(GOOGLE_DOMAIN);
    if (!isEncrypted) this.#settings.checkOrigin(`${host}:${port}`);
    return { host, port, isEncrypted };
  }

  /** The SDK would ask the environment's credentials, whatever `auth` it has, and send to another project. */
  async #projectOfAuth(): Promise<string | undefined> {
    const { clientOptions } = this.#settings;
    if (typeof clientOptions?.auth?.getProjectId !== "function") return undefined;
    return await this.#within(clientOptions.auth.getProjectId());
  }

  #configOf(endpoint: Endpoint | undefined, project: string | undefined): ClientConfig {
    const { clientOptions } = this.#settings;
    const isEmulator = endpoint !== undefined && !endpoint.isEncrypted;
    return {
      ...CHANNEL,
      ...clientOptions,
      ...(project === undefined ? {} : { projectId: project }),
      ...(endpoint === undefined ? {} : { apiEndpoint: `${endpoint.host}:${endpoint.port}` }),
      // Otherwise the SDK takes any host but Google's for an emulator: silently, no TLS and no credentials.
      emulatorMode: isEmulator,
      // An emulator needs no credentials; without this the SDK looks up their universe domain.
      ...(isEmulator ? { clientOptions: { universeDomain: UNIVERSE } } : {}),
    };
  }

  async #within<T>(work: Promise<T>, tooLate: () => QueueError = noCredentials): Promise<T> {
    const { clock } = this.#settings;
    const startedAtMs = clock.now();
    const late = Promise.withResolvers<never>();
    const timer = setTimeLimit(clock, () => late.reject(tooLate()), LOOKUP_TIMEOUT_MS, true);
    try {
      return await Promise.race([work, late.promise]);
    } catch (error) {
      const nowMs = clock.now();
      if (nowMs - startedAtMs >= SLOW_LOOKUP_MS) this.#failed = { error, untilMs: nowMs + SAME_START_MS };
      throw error;
    } finally {
      timer.cancel();
    }
  }
}

const CHANNEL = {
  "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW_BYTES,
  "grpc.keepalive_time_ms": PING_MS,
  "grpc.keepalive_timeout_ms": PING_ANSWER_MS,
  "grpc.max_reconnect_backoff_ms": RECONNECT_MS,
};
const HTTPS_PORT = 443;
const UNIVERSE = "googleapis.com";
const GOOGLE_DOMAIN = `.${UNIVERSE}`;

/** One try with a short timeout: the SDK's retries hide the real code behind DEADLINE_EXCEEDED. */
export function callOptions(
  signal: AbortSignal | undefined,
  timeoutMs: number = REQUEST_TIMEOUT_MS,
): CallOptions {
  const options: CallOptions = { timeout: timeoutMs, retry: { retryCodes: [] } };
  // 6.x obeys the signal; 5.x lets the call run out.
  if (signal !== undefined) options.signal = signal;
  return options;
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@google-cloud/pubsub");
  } catch (error) {
    throw unloadable("@google-cloud/pubsub", error, { install: "@google-cloud/pubsub@6.3.0" });
  }
}

function otherCopy(): QueueError {
  return invalid(
    "pubsub(): `client` is a PubSub of another copy of @google-cloud/pubsub than the one that this package finds",
    "Install one version of @google-cloud/pubsub only (npm dedupe), or give `clientOptions` instead of `client`.",
  );
}

function unreadAddress(): QueueError {
  return invalid(
    "PUBSUB_EMULATOR_HOST names an IPv6 address, which the SDK misreads",
    'Write it into the URL, such as "pubsub://project?endpoint=[::1]:8085".',
  );
}

function noProject(): QueueError {
  return invalid(`no project is named, and none was found within ${LOOKUP_TIMEOUT_MS} ms`, PROJECT_REMEDY);
}

function noCredentials(): QueueError {
  return new QueueError("UNAUTHENTICATED", {
    what: `no Google credentials were found within ${LOOKUP_TIMEOUT_MS} ms`,
    remedy: CREDENTIALS_REMEDY,
    provider: "pubsub",
  });
}
