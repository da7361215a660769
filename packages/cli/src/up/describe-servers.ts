import type { Emulator } from "@anyqueue/emulator";

/** The description of one server for people and programs. */
interface ServerDescription {
  /** Its member in the object behind `--json`. */
  readonly member: string;
  readonly title: string;
  /** The addresses where it listens, each with its purpose. */
  readonly addresses: readonly string[];
  /** For `connect()` and for `--url` of the other commands. */
  readonly url: string;
  readonly details: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

type Running = Pick<Emulator, "endpoints" | "environment">;

/** Where the authority's certificate was written, if a client needs it. */
export interface TrustFile {
  readonly caFile: string | undefined;
}

const PUBSUB_VARIABLES: ReadonlySet<string> = new Set([
  "PUBSUB_EMULATOR_HOST",
  "PUBSUB_PROJECT_ID",
  "METADATA_SERVER_DETECTION",
]);
/** Endpoints that a provider takes without being told that plaintext is allowed. */
const SAFE = /^(?:amqps:\/\/|(?:http:\/\/)?(?:127\.|localhost:|\[::1\]:))/;
const SERVICE_BUS_STRING = "ANYQUEUE_SERVICE_BUS_CONNECTION_STRING";

/** The object behind `--json`, one member per server. */
export function describeServers(emulator: Running, trust: TrustFile): Readonly<Record<string, unknown>> {
  const servers = serversOf(emulator, trust).map(
    ({ member, url, details, env }) => [member, { ...details, url, env }] as const,
  );
  return {
    ...Object.fromEntries(servers),
    control: { endpoint: `${emulator.endpoints.control}/__anyqueue` },
  };
}

/** The text for people: every server, and lines to copy. */
export function greeting(emulator: Running, trust: TrustFile): readonly string[] {
  const servers = serversOf(emulator, trust);
  const width = Math.max(...servers.map(({ title }) => title.length));
  return [
    "anyqueue is up. Ctrl+C stops it; nothing is kept.",
    "",
    ...servers.flatMap(({ title, addresses }) =>
      addresses.map((address, index) => `  ${(index === 0 ? title : "").padEnd(width)}  ${address}`),
    ),
    "",
    "For the shell in which your application runs:",
    "",
    ...servers.flatMap(({ env }) =>
      Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}`),
    ),
    "",
    "Then, for example:",
    "",
    ...servers.map(({ url }, index) => `${index === 0 ? "" : "# or: "}export ANYQUEUE_URL=${shellWord(url)}`),
    ...TRIAL,
  ];
}

const TRIAL: readonly string[] = [
  "npx anyqueue create orders",
  `npx anyqueue send orders '{"orderId":"o-1"}'`,
  "npx anyqueue tail orders",
];

function serversOf({ endpoints, environment }: Running, { caFile }: TrustFile): readonly ServerDescription[] {
  const { sqs, serviceBus, serviceBusTls, pubsub } = endpoints;
  const variables = Object.entries(environment);
  const servers: ServerDescription[] = [];
  if (sqs !== undefined) {
    const env = Object.fromEntries(variables.filter(([name]) => name.startsWith("AWS_")));
    const url = urlOf(`sqs://${environment["AWS_REGION"] ?? ""}`, sqs);
    servers.push({ member: "sqs", title: "SQS", addresses: [sqs], url, details: { endpoint: sqs }, env });
  }
  if (serviceBus !== undefined || serviceBusTls !== undefined) {
    const connectionString = environment[SERVICE_BUS_STRING] ?? "";
    servers.push({
      member: "serviceBus",
      title: "Service Bus",
      addresses: [
        ...(serviceBus === undefined ? [] : [`${serviceBus}  AMQP, HTTP, with or without TLS`]),
        ...(serviceBusTls === undefined
          ? []
          : [`${serviceBusTls}  TLS only; authority: ${caFile ?? "unknown"}`]),
      ],
      url: urlOf("service-bus://emulator", serviceBus ?? `amqps://${serviceBusTls ?? ""}`),
      details: {
        ...(serviceBus !== undefined && { endpoint: serviceBus }),
        ...(serviceBusTls !== undefined && { tlsEndpoint: serviceBusTls }),
        ...(caFile !== undefined && { caFile }),
        connectionString,
      },
      env: {
        [SERVICE_BUS_STRING]: connectionString,
        ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: caFile }),
      },
    });
  }
  if (pubsub !== undefined) {
    const env = {
      ...Object.fromEntries(variables.filter(([name]) => PUBSUB_VARIABLES.has(name))),
      // The server that can be told to push, for `anyqueue invoke`.
      ANYQUEUE_EMULATOR: endpoints.control,
    };
    servers.push({
      member: "pubsub",
      title: "Pub/Sub",
      addresses: [pubsub],
      url: urlOf(`pubsub://${environment["PUBSUB_PROJECT_ID"] ?? ""}`, pubsub),
      details: { endpoint: pubsub },
      env,
    });
  }
  return servers;
}

function urlOf(connection: string, endpoint: string): string {
  return `${connection}?endpoint=${endpoint}${SAFE.test(endpoint) ? "" : "&plaintext=allow"}`;
}

/** Quoted if a shell would see more than one word. */
function shellWord(text: string): string {
  return /^[\w.,:/@%+=-]*$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
