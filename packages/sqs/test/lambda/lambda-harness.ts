import {
  FunctionCalls,
  hostingFunctions,
  type FunctionToHost,
  type Harness,
  type HostedFunction,
} from "@anyqueue/conformance";
import { createHandler } from "@anyqueue/serverless";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { sqsCalls } from "../../src/index.ts";
import { sqsEvents } from "../../src/lambda.ts";
import { lambdaContext } from "../../src/testing.ts";
import { ANY_CREDENTIALS } from "../open-adapter.ts";
import { emulatorHarness } from "../sqs-harness.ts";
import { invokeOnce, type LambdaFunction, type MappingOptions } from "./event-source-mapping.ts";

const REGION = "eu-west-1";

export interface LambdaHarness extends Harness {
  /** Counts the invocations of functions. */
  readonly calls: FunctionCalls;
}

/** The emulator's queues, with handlers that run as Lambda functions behind an event source mapping. */
export function lambdaHarness(kind: "standard" | "fifo"): LambdaHarness {
  const base = emulatorHarness(kind);
  const calls = new FunctionCalls();
  return {
    calls,
    name: `lambda-sqs-${kind}`,
    async open() {
      const backend = await base.open();
      const endpoint = new URL(backend.url).searchParams.get("endpoint") ?? "";
      const sdk = new SQSClient({ endpoint, region: REGION, credentials: ANY_CREDENTIALS });
      return {
        ...backend,
        hostFunctions: (client, host) =>
          hostingFunctions(client, host, (toHost) => new MappedFunction(toHost, { sdk, endpoint, calls })),
        close: async () => {
          sdk.destroy();
          await backend.close();
        },
      };
    },
  };
}

interface Platform {
  readonly sdk: SQSClient;
  readonly endpoint: string;
  readonly calls: FunctionCalls;
}

/** One function and its mapping, which polls until it is closed. */
class MappedFunction implements HostedFunction {
  readonly #toHost: FunctionToHost;
  readonly #platform: Platform;
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;

  constructor(toHost: FunctionToHost, platform: Platform) {
    this.#toHost = toHost;
    this.#platform = platform;
  }

  async run(): Promise<void> {
    this.#running = this.#poll(this.#deploy());
    await this.#running;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  #deploy(): LambdaFunction {
    const { definition, handler, queue, options } = this.#toHost;
    const calls = sqsCalls({
      endpoint: this.#platform.endpoint,
      credentials: ANY_CREDENTIALS,
      changeVisibility: true,
      deadLetterQueue: queue.deadLetterEntity,
    });
    return createHandler(definition, sqsEvents({ calls }), handler, options);
  }

  async #poll(handler: LambdaFunction): Promise<void> {
    const mapping = await this.#mapping();
    while (!this.#ending.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      const invocation = await invokeOnce(handler, {
        ...mapping,
        waitSeconds: 20,
        signal: this.#ending.signal,
        context: lambdaContext("15m", this.#toHost.options.clock),
      });
      if (invocation !== undefined) this.#platform.calls.add();
    }
  }

  async #mapping(): Promise<MappingOptions> {
    const { sdk } = this.#platform;
    const found = await sdk.send(new GetQueueUrlCommand({ QueueName: this.#toHost.queue.entity }));
    const queueUrl = found.QueueUrl ?? "";
    const read = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] });
    const queueArn = (await sdk.send(read)).Attributes?.QueueArn ?? "";
    return { client: sdk, queueUrl, queueArn };
  }
}
