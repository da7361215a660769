/** Any client with a pipeline, such as the vendor's `ServiceBusAdministrationClient`. */
export interface PipelineClient {
  /** What its requests go through. */
  readonly pipeline: { addPolicy(policy: PlainHttpPolicy, options: { readonly afterPhase: "Sign" }): void };
}

/** Sends over plain HTTP what the client would send over TLS. */
export interface PlainHttpPolicy {
  /** Name of the policy in the pipeline. */
  readonly name: string;
  /** Passes a request on. */
  sendRequest<Asked extends PlainRequest, Answer>(
    request: Asked,
    next: (request: Asked) => Promise<Answer>,
  ): Promise<Answer>;
}

/** What a policy changes of a request. */
export interface PlainRequest {
  /** Where it goes. */
  url: string;
  /** True: the client accepts `http:`. */
  allowInsecureConnection?: boolean;
}

/**
 * Lets `ServiceBusAdministrationClient` talk to the emulator without TLS.
 *
 * The client of `@azure/service-bus` 7.9 uses https whatever the connection string says. The alternative is
 * to pass `{ tlsOptions: { ca: emulator.serviceBus.certificateAuthority() } }` to it.
 *
 * @example
 * const admin = usePlainHttp(new ServiceBusAdministrationClient(connectionString));
 */
export function usePlainHttp<Client extends PipelineClient>(client: Client): Client {
  client.pipeline.addPolicy(PLAIN_HTTP, { afterPhase: "Sign" });
  return client;
}

const PLAIN_HTTP: PlainHttpPolicy = {
  name: "anyqueueEmulatorPlainHttp",
  sendRequest(request, next) {
    request.url = request.url.replace(/^https:/u, "http:");
    request.allowInsecureConnection = true;
    return next(request);
  },
};
