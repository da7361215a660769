import type * as AwsSdk from "@aws-sdk/client-sqs";
import type { Message, QueueAttributeName, SQSClient } from "@aws-sdk/client-sqs";
import { InvokeError } from "../invoke-error.ts";
import type { QueuePlace } from "../queue-place.ts";

type Sdk = typeof AwsSdk;

/** What a mapping has to know about its queue. */
export interface SqsQueueFacts {
  readonly url: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly visibilityTimeoutMs: number;
  /** Undefined: failed messages come again without end. */
  readonly maxReceiveCount: number | undefined;
}

const MAX_BATCH = 10;
const ARN = /^arn:[^:]+:sqs:([^:]+):([^:]+):(.+)$/;

/** One queue through the plain SDK: a mapping is Lambda's work, so the engine of anyqueue stays out of it. */
export class SqsQueue {
  readonly #sdk: Sdk;
  readonly #client: SQSClient;
  readonly facts: SqsQueueFacts;

  constructor(sdk: Sdk, client: SQSClient, facts: SqsQueueFacts) {
    this.#sdk = sdk;
    this.#client = client;
    this.facts = facts;
  }

  /** @throws NO_SUCH_QUEUE, QUEUE_UNREACHABLE, MISSING_PACKAGE */
  static async open({ entity, authority, parameters }: QueuePlace): Promise<SqsQueue> {
    const sdk = await loadSdk();
    const [, arnRegion, arnAccount, arnName] = ARN.exec(entity) ?? [];
    const region = authority === "" ? arnRegion : authority;
    const { endpoint } = parameters;
    const client = new sdk.SQSClient({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
      useQueueUrlAsEndpoint: endpoint === undefined && /^https?:/i.test(entity),
    });
    try {
      const account = arnAccount ?? parameters["account"];
      const url = /^https?:/i.test(entity) ? entity : await urlOf(sdk, client, arnName ?? entity, account);
      return new SqsQueue(sdk, client, await factsOf(sdk, client, url));
    } catch (error) {
      client.destroy();
      throw queueError(error, entity);
    }
  }

  /**
   * Receives up to 10. Cannot be aborted: messages on their way to a closed connection would stay invisible.
   * @throws NO_SUCH_QUEUE, QUEUE_UNREACHABLE
   */
  async receive(max: number, waitSeconds: number): Promise<readonly Message[]> {
    const command = new this.#sdk.ReceiveMessageCommand({
      QueueUrl: this.facts.url,
      MaxNumberOfMessages: Math.min(MAX_BATCH, max),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    });
    try {
      return (await this.#client.send(command)).Messages ?? [];
    } catch (error) {
      throw queueError(error, this.facts.url);
    }
  }

  /** Returns the reason for each message that could not be deleted. */
  async delete(messages: readonly Message[]): Promise<readonly string[]> {
    return await this.#inTens(messages, async (QueueUrl, entries) => {
      const Entries = entries.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle }));
      return (await this.#client.send(new this.#sdk.DeleteMessageBatchCommand({ QueueUrl, Entries }))).Failed;
    });
  }

  /** Makes messages visible again at once. Returns the reason for each that could not be. */
  async release(messages: readonly Message[]): Promise<readonly string[]> {
    return await this.#inTens(messages, async (QueueUrl, entries) => {
      const Entries = entries.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle, VisibilityTimeout: 0 }));
      const command = new this.#sdk.ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries });
      return (await this.#client.send(command)).Failed;
    });
  }

  close(): void {
    this.#client.destroy();
  }

  async #inTens(
    messages: readonly Message[],
    request: (url: string, entries: readonly Entry[]) => Promise<readonly Failure[] | undefined>,
  ): Promise<readonly string[]> {
    const failed: string[] = [];
    for (let start = 0; start < messages.length; start += MAX_BATCH) {
      const part = messages.slice(start, start + MAX_BATCH);
      const entries = part.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      const idOf = (index: unknown): string => part[Number(index)]?.MessageId ?? "";
      try {
        // oxlint-disable-next-line no-await-in-loop -- a batch of a mapping is one of its calls
        const failures = (await request(this.facts.url, entries)) ?? [];
        failed.push(...failures.map(({ Id, Message }) => `${idOf(Id)}: ${Message ?? "refused"}`));
      } catch (error) {
        failed.push(...entries.map(({ Id }) => `${idOf(Id)}: ${textOf(error)}`));
      }
    }
    return failed;
  }
}

interface Entry {
  readonly Id: string;
  readonly ReceiptHandle: string | undefined;
}

interface Failure {
  readonly Id: string | undefined;
  readonly Message?: string | undefined;
}

async function urlOf(
  sdk: Sdk,
  client: SQSClient,
  name: string,
  account: string | undefined,
): Promise<string> {
  const command = new sdk.GetQueueUrlCommand({
    QueueName: name,
    ...(account !== undefined && { QueueOwnerAWSAccountId: account }),
  });
  return (await client.send(command)).QueueUrl ?? "";
}

async function factsOf(sdk: Sdk, client: SQSClient, url: string): Promise<SqsQueueFacts> {
  const AttributeNames: QueueAttributeName[] = ["QueueArn", "VisibilityTimeout", "RedrivePolicy"];
  const { Attributes = {} } = await client.send(
    new sdk.GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }),
  );
  const redrive: unknown = JSON.parse(Attributes["RedrivePolicy"] ?? "{}");
  const count = typeof redrive === "object" && redrive !== null ? Reflect.get(redrive, "maxReceiveCount") : 0;
  return {
    url,
    arn: Attributes["QueueArn"] ?? "",
    isFifo: url.endsWith(".fifo"),
    visibilityTimeoutMs: Number(Attributes["VisibilityTimeout"]) * 1_000,
    maxReceiveCount: Number(count) > 0 ? Number(count) : undefined,
  };
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@aws-sdk/client-sqs");
  } catch (error) {
    throw new InvokeError("MISSING_PACKAGE", "@aws-sdk/client-sqs cannot be loaded", "Install it.", {
      cause: error,
    });
  }
}

function queueError(error: unknown, entity: string): InvokeError {
  const options = { cause: error };
  if (error instanceof Error && /NonExistentQueue|QueueDoesNotExist/.test(error.name)) {
    return new InvokeError("NO_SUCH_QUEUE", `there is no queue ${entity}`, "Create it first.", options);
  }
  return new InvokeError(
    "QUEUE_UNREACHABLE",
    `${entity}: ${textOf(error)}`,
    "Check region, endpoint and credentials.",
    options,
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
