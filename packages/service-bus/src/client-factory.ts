import { QueueError } from "@anyqueue/core/adapter";
import type {
  ServiceBusAdministrationClient,
  ServiceBusClient,
  ServiceBusClientOptions,
  TokenCredential,
} from "@azure/service-bus";
import { field } from "./field.ts";
import type { Sdk } from "./load-sdk.ts";
import type { ClientFactory, Outside } from "./namespace-connection.ts";
import { invalid, PROVIDER } from "./refusal.ts";
import { ofKnownSdk, tooOld } from "./sdk-version.ts";
import { OPEN_TIMEOUT_MS } from "./service-bus-limits.ts";
import { emulatorString, readConnectionString, type Place } from "./service-bus-url.ts";
import { timely } from "./timely-credential.ts";

/** Settings of the SDK client that are reserved for the adapter, and why. */
export const OWN_SETTINGS = {
  retryOptions: "a retry inside the SDK can send a message twice, unseen, and waits 30 s between tries",
  customEndpointAddress: 'use "?endpoint=amqps://host:port" of the URL',
};
/** Settings of the SDK client that an application may give: all except those reserved for the adapter. */
export type ServiceBusClientSettings = Omit<ServiceBusClientOptions, keyof typeof OWN_SETTINGS>;

export interface ClientSettings {
  readonly client?: ServiceBusClient | undefined;
  readonly administrationClient?: ServiceBusAdministrationClient | undefined;
  readonly connectionString?: string | undefined;
  readonly credential?: TokenCredential | undefined;
  readonly clientOptions?: ServiceBusClientSettings | undefined;
}

/**
 * One try, because the core retries. The delay is the pause between the SDK's endless reconnections of a
 * receiver, fixed whatever `mode` says (7.9.5: the enum's exponential is 0, which reads as unset).
 */
const RETRY_OPTIONS = { maxRetries: 0, retryDelayInMs: 1_000, timeoutInMs: OPEN_TIMEOUT_MS } as const;

/** @throws INVALID_ARGUMENT if nothing says where to connect, or two settings contradict each other. */
export function createFactory(place: Place, settings: ClientSettings): ClientFactory {
  const { client, administrationClient } = settings;
  /** Shared by both clients, so that they also share what it has found, or a wait that was in vain. */
  let shared: Promise<TokenCredential> | undefined;
  const credentialFrom = (outside: Outside) => async (): Promise<TokenCredential> => {
    shared ??= credentialOf(settings, outside).catch((error: unknown) => {
      shared = undefined;
      throw error;
    });
    return await shared;
  };
  const connection = client === undefined ? connectionOf(place, settings) : undefined;
  return {
    isForeign: client !== undefined,
    limitsRequests: client === undefined,
    client: async (sdk, outside) =>
      ofKnownSdk(client ?? (await newClient(sdk, connection, place, settings, credentialFrom(outside)))),
    administration: async (sdk, outside) =>
      administrationClient ?? (await newAdministration(sdk, connection, place, credentialFrom(outside))),
  };
}

/** Arguments of the SDK's constructors: a connection string, or a host that still needs a credential. */
type ConnectionArguments = { readonly text: string } | { readonly host: string };

function connectionOf(place: Place, { connectionString, credential }: ClientSettings): ConnectionArguments {
  if (place.endpoint !== undefined && place.isPlain)
    return { text: emulatorString(place.endpoint, connectionString) };
  if (connectionString !== undefined) {
    const { host, isEmulator } = readConnectionString(connectionString);
    const name = host.replace(/:\d+$/, "");
    if (place.host !== undefined && !isEmulator && place.host.toLowerCase() !== name.toLowerCase()) {
      throw invalid(`the URL says ${place.host}, the connection string says ${name}`, "Say it once.");
    }
    return { text: connectionString };
  }
  if (place.host !== undefined) return { host: place.host };
  const remedy =
    'Write "service-bus://my-namespace", or pass serviceBus({ connectionString }); only connect() reads ANYQUEUE_SERVICE_BUS_CONNECTION_STRING.';
  throw invalid(
    credential === undefined ? "no Service Bus namespace is named" : "a credential alone names no namespace",
    remedy,
  );
}

async function newClient(
  sdk: Sdk,
  connection: ConnectionArguments | undefined,
  { endpoint, isPlain }: Place,
  settings: ClientSettings,
  credential: () => Promise<TokenCredential>,
): Promise<ServiceBusClient> {
  const options: ServiceBusClientOptions = {
    ...settings.clientOptions,
    // A copy, because the SDK writes into it.
    retryOptions: { ...RETRY_OPTIONS },
    ...(endpoint === undefined || isPlain ? {} : { customEndpointAddress: `https://${endpoint}/` }),
  };
  const to = known(connection);
  if ("text" in to) return new sdk.ServiceBusClient(to.text, options);
  return new sdk.ServiceBusClient(to.host, await credential(), options);
}

async function newAdministration(
  sdk: Sdk,
  connection: ConnectionArguments | undefined,
  place: Place,
  credential: () => Promise<TokenCredential>,
): Promise<ServiceBusAdministrationClient> {
  const to = known(connection);
  // The client's own retries sleep for many seconds when the service is busy, and the core retries anyway.
  const options = { retryOptions: { maxRetries: 0 } };
  if ("host" in to) return new sdk.ServiceBusAdministrationClient(to.host, await credential(), options);
  const client = new sdk.ServiceBusAdministrationClient(to.text, options);
  if (place.isPlain || readConnectionString(to.text).isEmulator) speakPlainHttp(client);
  return client;
}

/** Makes the administration client use HTTP: it knows no emulator and always asks for HTTPS (7.9.5). */
function speakPlainHttp(client: ServiceBusAdministrationClient): void {
  if (field(client, "pipeline") === undefined) throw tooOld();
  client.pipeline.addPolicy(
    {
      name: "anyqueueEmulator",
      async sendRequest(request, next) {
        request.url = request.url.replace(/^https:/, "http:");
        request.allowInsecureConnection = true;
        const [, address] = /^\[(.*)\]$/.exec(new URL(request.url).hostname) ?? [];
        // Without this it would look up an IPv6 address together with its brackets.
        if (address !== undefined) request.requestOverrides = { hostname: address };
        return await next(request);
      },
    },
    { afterPhase: "Sign" },
  );
}

function known(connection: ConnectionArguments | undefined): ConnectionArguments {
  if (connection !== undefined) return connection;
  throw invalid(
    "this needs the administration of the namespace, and only `client` was given",
    "Give `administrationClient` beside `client`.",
  );
}

async function credentialOf({ credential }: ClientSettings, outside: Outside): Promise<TokenCredential> {
  return timely(credential ?? (await defaultCredential()), outside);
}

/** Service Bus has no credential chain of its own; Azure's is in a separate package. */
async function defaultCredential(): Promise<TokenCredential> {
  try {
    const { DefaultAzureCredential } = await import("@azure/identity");
    return new DefaultAzureCredential();
  } catch (error) {
    throw new QueueError("UNAUTHENTICATED", {
      what: "there are no credentials: no connection string was given and @azure/identity cannot be loaded",
      remedy:
        "Pass serviceBus({ connectionString }) or serviceBus({ credential }), with connect() set ANYQUEUE_SERVICE_BUS_CONNECTION_STRING, or run: npm install @azure/identity",
      provider: PROVIDER,
      cause: error,
    });
  }
}
