import type { Server } from "node:http";
import { createHttpServer } from "../../http/http-listener.ts";
import { makeCertificate, type ServerCertificate } from "../../net/make-certificate.ts";
import { startPortMux, type MuxTakers } from "../../net/port-mux.ts";
import type { Listener } from "../../net/start-listener.ts";
import { asksForPath, createWebSocketTaker } from "../../net/web-socket-server.ts";
import { reachableAuthority, type Front, type FrontContext } from "../front.ts";
import { createAmqpFront, type AmqpFront } from "./amqp/amqp-front.ts";
import { AtomRequests } from "./atom/atom-requests.ts";
import { snapshotEntities, type EntitySnapshot } from "./entity-snapshot.ts";
import { ServiceBusNamespace } from "./engine/namespace.ts";
import { applyConfig } from "./config/apply-config.ts";
import type { ServiceBusConfig } from "./config/service-bus-config.ts";
import { checkTokenWith, NAMESPACE_KEY, type TokenCheck } from "./sas-token.ts";

/** The running Service Bus server. */
export interface ServiceBusFront extends Front {
  /** `127.0.0.1:5672`; AMQP and HTTP, with or without TLS. Undefined if there is only a TLS port. */
  readonly endpoint: string | undefined;
  /** AMQP and HTTP, always with TLS. */
  readonly tlsEndpoint: string | undefined;
  /** Returns every entity with its current messages. */
  entities(): readonly EntitySnapshot[];
  /** Creates the entities of a configuration. It is an error if one exists already. */
  apply(config: ServiceBusConfig): void;
  /** Returns the PEM certificate of the authority that clients of the TLS port must trust. */
  certificateAuthority(): string;
}

/** Ports of the front: 0 picks a free one, false means none. At least one is needed. */
export interface ServiceBusPorts {
  readonly serviceBusPort: number | false;
  readonly serviceBusTlsPort: number | false;
}

export interface ServiceBusFrontOptions extends ServiceBusPorts {
  readonly serviceBusConfig: ServiceBusConfig | undefined;
  readonly strictTokens: boolean;
}

const NAMESPACE_NAME = "anyqueue";
/** Path for AMQP over WebSockets; @azure/service-bus 7.9.5, constructorHelpers.js. */
const WEB_SOCKETS = "/$servicebus/websocket";

/** Starts the front with the entities of its configuration. */
export async function startServiceBusFront(
  context: FrontContext,
  options: ServiceBusFrontOptions,
): Promise<ServiceBusFront> {
  const { clock, host } = context;
  const namespace = new ServiceBusNamespace({ clock, name: NAMESPACE_NAME });
  const start = (): void => {
    if (options.serviceBusConfig !== undefined) applyConfig(namespace, options.serviceBusConfig);
  };
  start();
  const checkToken = options.strictTokens ? checkTokenWith(() => clock.realNow()) : believe;
  const amqp = createAmqpFront({ ...context, namespace, checkToken });
  const atom = new AtomRequests({ ...context, namespace, checkToken });
  const http = createHttpServer(async (exchange) => {
    if (!(await context.control(exchange))) await atom.handle(exchange);
  });
  const takers = takersOf(amqp, http);
  const certificate = once(() => makeCertificate(host, clock.realNow()));
  const listeners = await listen(
    options,
    async (port, accepts) => await startPortMux(host, port, takers, { certificate, accepts }),
  );
  const [endpoint, tlsEndpoint] = [listeners.any, listeners.tls].map((listener) =>
    listener === undefined ? undefined : reachableAuthority(host, listener.port),
  );
  return {
    endpoint,
    tlsEndpoint,
    environment: {
      ANYQUEUE_SERVICE_BUS_CONNECTION_STRING: connectionString(endpoint, tlsEndpoint),
    },
    entities: () => snapshotEntities(namespace),
    apply: (config) => {
      applyConfig(namespace, config);
    },
    certificateAuthority: () => certificate().ca,
    reset() {
      namespace.reset();
      start();
    },
    async close() {
      amqp.close();
      await Promise.all([listeners.any?.close(), listeners.tls?.close()]);
      namespace.reset();
    },
  };
}

/** Serves AMQP, plain and over WebSockets. Every other request goes to the administration API. */
function takersOf(amqp: AmqpFront, http: Server): MuxTakers {
  const takeWebSocket = createWebSocketTaker({
    protocols: ["AMQPWSB10", "amqp"],
    onStream: (stream) => {
      amqp.accept(stream);
    },
  });
  return {
    amqp: (socket) => {
      amqp.accept(socket);
    },
    http: (socket) => {
      if (asksForPath(socket, WEB_SOCKETS)) takeWebSocket(socket);
      else http.emit("connection", socket);
    },
  };
}

const believe: TokenCheck = () => undefined;

function once(make: () => ServerCertificate): () => ServerCertificate {
  let made: ServerCertificate | undefined;
  return () => (made ??= make());
}

interface Listeners {
  readonly any: Listener | undefined;
  readonly tls: Listener | undefined;
}

/** Opens both ports or none. If the second port is taken, the first one must not stay open. */
async function listen(
  { serviceBusPort, serviceBusTlsPort }: ServiceBusPorts,
  open: (port: number, accepts: "any" | "tls") => Promise<Listener>,
): Promise<Listeners> {
  const any = serviceBusPort === false ? undefined : await open(serviceBusPort, "any");
  try {
    return { any, tls: serviceBusTlsPort === false ? undefined : await open(serviceBusTlsPort, "tls") };
  } catch (error) {
    await any?.close();
    throw error;
  }
}

/** Clients leave out TLS if the flag is set, so it is omitted when the server offers only TLS. */
function connectionString(endpoint: string | undefined, tlsEndpoint: string | undefined): string {
  const { name, key } = NAMESPACE_KEY;
  const where = `Endpoint=sb://${endpoint ?? tlsEndpoint ?? ""}`;
  const access = `SharedAccessKeyName=${name};SharedAccessKey=${key}`;
  return endpoint === undefined ? `${where};${access}` : `${where};${access};UseDevelopmentEmulator=true`;
}
