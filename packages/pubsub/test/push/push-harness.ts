import { createServer, type Server } from "node:http";
import { once } from "node:events";
import {
  FunctionCalls,
  hostingFunctions,
  type FunctionToHost,
  type Harness,
  type HostedFunction,
} from "@anyqueue/conformance";
import { createHandler } from "@anyqueue/serverless";
import type { v1 } from "@google-cloud/pubsub";
import { pubsubCalls } from "../../src/index.ts";
import { nodePushRequests, pubsubEvents, pushRequests, type JsonWebKeySet } from "../../src/push.ts";
import { openBackend, PROJECT, type EmulatorBackend } from "../pubsub-harness.ts";
import { rawSubscriber } from "../raw-sdk.ts";
import { eventEndpoint, fetchEndpoint, type Endpoint } from "./push-endpoints.ts";

const AUDIENCE = "https://example.com/push";
const SERVICE_ACCOUNT = "push@conformance.iam.gserviceaccount.com";

export interface PushHarness extends Harness {
  /** The pushed requests. */
  readonly calls: FunctionCalls;
}

/** A server of `node:http`, a server with `Request` and `Response`, or a function of CloudEvents. */
export type EndpointForm = "node" | "fetch" | "event";

/** The emulator's subscriptions, which push with signed tokens to an endpoint with the handlers. */
export function pushHarness(kind: "plain" | "ordered", form: EndpointForm = "node"): PushHarness {
  const calls = new FunctionCalls();
  return {
    calls,
    name: form === "node" ? `push-${kind}` : `push-${form}-${kind}`,
    async open() {
      const backend = await openBackend(kind);
      const subscriber = await rawSubscriber(backend.endpoints.pubsub ?? "");
      // Read once: time passes too quickly here to ask again later.
      const answer = await fetch(`${backend.endpoints.control}/__anyqueue/pubsub/jwks`);
      const keys = (await answer.json()) as JsonWebKeySet;
      const platform = { endpoints: backend.endpoints, form, keys, subscriber, calls };
      return {
        ...backend,
        hostFunctions: (client, host) =>
          hostingFunctions(client, host, (toHost) => new PushEndpoint(toHost, platform)),
        close: async () => {
          await subscriber.close();
          await backend.close();
        },
      };
    },
  };
}

interface Platform {
  readonly form: EndpointForm;
  readonly endpoints: EmulatorBackend["endpoints"];
  readonly keys: JsonWebKeySet;
  readonly subscriber: v1.SubscriberClient;
  readonly calls: FunctionCalls;
}

/** One endpoint; its subscription pushes to it until it is closed. */
class PushEndpoint implements HostedFunction {
  readonly #toHost: FunctionToHost;
  readonly #platform: Platform;
  readonly #closed = Promise.withResolvers<void>();
  #server: Server | undefined;

  constructor(toHost: FunctionToHost, platform: Platform) {
    this.#toHost = toHost;
    this.#platform = platform;
  }

  async run(): Promise<void> {
    const serve = this.#deploy();
    const server = createServer((request, response) => {
      this.#platform.calls.add();
      void serve(request, response);
    });
    this.#server = server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await this.#pushTo(`http://127.0.0.1:${port}/`);
    await this.#closed.promise;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await this.#pushTo(undefined);
    server.close();
    server.closeAllConnections();
    this.#closed.resolve();
  }

  #deploy(): Endpoint {
    const { definition, handler, queue, options } = this.#toHost;
    const { endpoints, form, keys } = this.#platform;
    const settings = {
      ackDeadline: "600s",
      clock: options.clock,
      ...(queue.deadLetterEntity !== undefined && {
        calls: pubsubCalls({
          project: PROJECT,
          endpoint: endpoints.pubsub ?? "",
          deadLetterTopic: queue.deadLetterEntity,
        }),
      }),
    } as const;
    if (form === "event") {
      const source = pubsubEvents({ ...settings, trustPlatform: true });
      return eventEndpoint(createHandler(definition, source, handler, options));
    }
    const verified = { ...settings, audience: AUDIENCE, serviceAccount: SERVICE_ACCOUNT, keys: () => keys };
    if (form === "fetch")
      return fetchEndpoint(createHandler(definition, pushRequests(verified), handler, options));
    return createHandler(definition, nodePushRequests(verified), handler, options);
  }

  async #pushTo(pushEndpoint: string | undefined): Promise<void> {
    const oidcToken = { serviceAccountEmail: SERVICE_ACCOUNT, audience: AUDIENCE };
    await this.#platform.subscriber.modifyPushConfig({
      subscription: `projects/${PROJECT}/subscriptions/${this.#toHost.queue.entity}`,
      pushConfig: pushEndpoint === undefined ? {} : { pushEndpoint, oidcToken },
    });
  }
}
