import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { CreatedQueue, FunctionHost, Harness } from "@anyqueue/conformance";
import type { ConsumerOptions, DrainReport, Handler, QueueClient, Source } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import type { v1 } from "@google-cloud/pubsub";
import { hostConsumers } from "../../../../tooling/conformance/hosted-client.ts";
import { pubsubCalls } from "../../src/index.ts";
import { nodePushRequests, type JsonWebKeySet } from "../../src/push.ts";
import { openBackend, PROJECT, type EmulatorBackend } from "../pubsub-harness.ts";
import { rawSubscriber } from "../raw-sdk.ts";

const AUDIENCE = "https://example.com/push";
const SERVICE_ACCOUNT = "push@conformance.iam.gserviceaccount.com";

export interface PushHarness extends Harness {
  /** Requests that were pushed since the last call of this: a case without any proves nothing here. */
  takeRequests(): number;
}

/** The emulator's subscriptions, with handlers behind an endpoint that it pushes to, with signed tokens. */
export function pushHarness(kind: "plain" | "ordered"): PushHarness {
  let requests = 0;
  const onRequest = (): void => {
    requests += 1;
  };
  return {
    takeRequests: () => {
      const taken = requests;
      requests = 0;
      return taken;
    },
    name: `push-${kind}`,
    async open() {
      const backend = await openBackend(kind);
      const subscriber = await rawSubscriber(backend.endpoints.pubsub ?? "");
      // Read once: time passes too quickly here for a request in between.
      const answer = await fetch(`${backend.endpoints.control}/__anyqueue/pubsub/jwks`);
      const keys = (await answer.json()) as JsonWebKeySet;
      const platform = { endpoints: backend.endpoints, keys, subscriber, onRequest };
      return {
        ...backend,
        hostFunctions: (client, host) => hosting(client, host, platform),
        close: async () => {
          await subscriber.close();
          await backend.close();
        },
      };
    },
  };
}

interface Platform {
  readonly endpoints: EmulatorBackend["endpoints"];
  readonly keys: JsonWebKeySet;
  readonly subscriber: v1.SubscriberClient;
  readonly onRequest: () => void;
}

/** The client, with consumers that are push endpoints; what is read by hand is read as ever. */
function hosting(client: QueueClient, host: FunctionHost, platform: Platform): QueueClient {
  return hostConsumers(
    client,
    host.queues,
    (definition, options, queue) => new PushEndpoint(definition, options, { queue, host, platform }),
  );
}

const NOTHING: DrainReport = { handled: 0, released: 0, abandoned: 0 };

interface EndpointParts {
  readonly queue: CreatedQueue;
  readonly host: FunctionHost;
  readonly platform: Platform;
}

/** One endpoint, which its subscription pushes to until it is closed. */
class PushEndpoint {
  readonly #definition: Source;
  readonly #options: ConsumerOptions;
  readonly #parts: EndpointParts;
  readonly #closed = Promise.withResolvers<DrainReport>();
  #server: Server | undefined;

  constructor(definition: Source, options: ConsumerOptions, parts: EndpointParts) {
    this.#definition = definition;
    this.#options = options;
    this.#parts = parts;
  }

  async run(handler: Handler<unknown>): Promise<DrainReport> {
    const serve = this.#deploy(handler);
    const { platform } = this.#parts;
    const server = createServer((request, response) => {
      platform.onRequest();
      void serve(request, response);
    });
    this.#server = server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await this.#pushTo(`http://127.0.0.1:${port}/`);
    return await this.#closed.promise;
  }

  async close(): Promise<DrainReport> {
    const server = this.#server;
    if (server === undefined) return NOTHING;
    this.#server = undefined;
    await this.#pushTo(undefined);
    server.close();
    server.closeAllConnections();
    this.#closed.resolve(NOTHING);
    return NOTHING;
  }

  #deploy(handler: Handler<unknown>): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
    const { prefetch: _, ...options } = this.#options;
    const { queue, host, platform } = this.#parts;
    const { clock, listener, middleware } = host;
    const source = nodePushRequests({
      audience: AUDIENCE,
      serviceAccount: SERVICE_ACCOUNT,
      keys: () => platform.keys,
      ackDeadline: "600s",
      clock,
      ...(queue.deadLetterEntity !== undefined && {
        calls: pubsubCalls({
          project: PROJECT,
          endpoint: platform.endpoints.pubsub ?? "",
          deadLetterTopic: queue.deadLetterEntity,
        }),
      }),
    });
    return createHandler(this.#definition, source, handler, { ...options, clock, listener, middleware });
  }

  async #pushTo(pushEndpoint: string | undefined): Promise<void> {
    const { queue, platform } = this.#parts;
    const oidcToken = { serviceAccountEmail: SERVICE_ACCOUNT, audience: AUDIENCE };
    await platform.subscriber.modifyPushConfig({
      subscription: `projects/${PROJECT}/subscriptions/${queue.entity}`,
      pushConfig: pushEndpoint === undefined ? {} : { pushEndpoint, oidcToken },
    });
  }
}
