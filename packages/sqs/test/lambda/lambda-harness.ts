import type { CreatedQueue, FunctionHost, Harness } from "@anyqueue/conformance";
import type { ConsumerOptions, DrainReport, Handler, QueueClient, Source } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { hostConsumers } from "../../../../tooling/conformance/hosted-client.ts";
import { sqsCalls } from "../../src/index.ts";
import { sqsEvents } from "../../src/lambda.ts";
import { lambdaContext } from "../../src/testing.ts";
import { ANY_CREDENTIALS } from "../open-adapter.ts";
import { emulatorHarness } from "../sqs-harness.ts";
import { invokeOnce, type LambdaFunction, type MappingOptions } from "./event-source-mapping.ts";

const REGION = "eu-west-1";

export interface LambdaHarness extends Harness {
  /** Invocations of functions since the last call of this: a case without any proves nothing here. */
  takeInvocations(): number;
}

/** The emulator's queues, with handlers that run as Lambda functions behind an event source mapping. */
export function lambdaHarness(kind: "standard" | "fifo"): LambdaHarness {
  const base = emulatorHarness(kind);
  let invocations = 0;
  const onInvoked = (): void => {
    invocations += 1;
  };
  return {
    takeInvocations: () => {
      const taken = invocations;
      invocations = 0;
      return taken;
    },
    name: `lambda-sqs-${kind}`,
    async open() {
      const backend = await base.open();
      const endpoint = new URL(backend.url).searchParams.get("endpoint") ?? "";
      const sdk = new SQSClient({ endpoint, region: REGION, credentials: ANY_CREDENTIALS });
      return {
        ...backend,
        hostFunctions: (client, host) => hosting(client, host, { sdk, endpoint, onInvoked }),
        close: async () => {
          sdk.destroy();
          await backend.close();
        },
      };
    },
  };
}

/** The client, with consumers that are functions; what is read by hand is read as ever. */
function hosting(client: QueueClient, host: FunctionHost, platform: Platform): QueueClient {
  return hostConsumers(
    client,
    host.queues,
    (definition, options, queue) => new HostedFunction(definition, options, queue, host, platform),
  );
}

interface Platform {
  readonly sdk: SQSClient;
  readonly endpoint: string;
  readonly onInvoked: () => void;
}

const NOTHING: DrainReport = { handled: 0, released: 0, abandoned: 0 };

/** One function and its mapping, which polls until it is closed. */
class HostedFunction {
  readonly #definition: Source;
  readonly #options: ConsumerOptions;
  readonly #queue: CreatedQueue;
  readonly #host: FunctionHost;
  readonly #platform: Platform;
  readonly #ending = new AbortController();
  #running: Promise<DrainReport> | undefined;

  constructor(
    definition: Source,
    options: ConsumerOptions,
    queue: CreatedQueue,
    host: FunctionHost,
    platform: Platform,
  ) {
    this.#definition = definition;
    this.#options = options;
    this.#queue = queue;
    this.#host = host;
    this.#platform = platform;
  }

  async run(handler: Handler<unknown>): Promise<DrainReport> {
    this.#running = this.#poll(this.#deploy(handler));
    return await this.#running;
  }

  async close(): Promise<DrainReport> {
    this.#ending.abort();
    return (await this.#running) ?? NOTHING;
  }

  #deploy(handler: Handler<unknown>): LambdaFunction {
    const { prefetch: _, ...options } = this.#options;
    const { clock, listener, middleware } = this.#host;
    const calls = sqsCalls({
      endpoint: this.#platform.endpoint,
      credentials: ANY_CREDENTIALS,
      changeVisibility: true,
      deadLetterQueue: this.#queue.deadLetterEntity,
    });
    return createHandler(this.#definition, sqsEvents({ calls }), handler, {
      ...options,
      clock,
      listener,
      middleware,
    });
  }

  async #poll(handler: LambdaFunction): Promise<DrainReport> {
    const mapping = await this.#mapping();
    while (!this.#ending.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      const invocation = await invokeOnce(handler, {
        ...mapping,
        waitSeconds: 20,
        signal: this.#ending.signal,
        context: lambdaContext("15m", this.#host.clock),
      });
      if (invocation !== undefined) this.#platform.onInvoked();
    }
    return NOTHING;
  }

  async #mapping(): Promise<MappingOptions> {
    const { sdk } = this.#platform;
    const found = await sdk.send(new GetQueueUrlCommand({ QueueName: this.#queue.entity }));
    const queueUrl = found.QueueUrl ?? "";
    const read = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] });
    const queueArn = (await sdk.send(read)).Attributes?.QueueArn ?? "";
    return { client: sdk, queueUrl, queueArn };
  }
}
