import {
  deadLetterByCopies,
  systemClock,
  type ConsumerDriver,
  type DeadLetterCopies,
  type Delivery,
  type QueueAdapter,
  type Target,
} from "@anyqueue/core/adapter";
import { parseArn, type QueueArn, type SqsCalls, type SqsSettling } from "./lambda-wire.ts";
import { invalid } from "./refusal.ts";
import { sqs, type SqsOptions } from "./sqs-provider.ts";
import { parseAddress } from "./sqs-url.ts";
import type { SqsHandle } from "./sqs-wire.ts";

/** Options of {@link sqsCalls}: what the function's role allows (one or both), and how to reach SQS. */
export interface SqsCallsOptions extends SqsOptions {
  /**
   * True: the role may call `sqs:ChangeMessageVisibility`. A failed message is then redelivered after the
   * delay of the retry policy, and `context.extend` works. False: it is redelivered when the queue's
   * visibility timeout ends. @default false
   */
  readonly changeVisibility?: boolean | undefined;
  /**
   * The queue for dead letters: its name (in the same account and region), URL or ARN. The role needs
   * `sqs:SendMessage` on it; a FIFO queue's dead letters need a FIFO queue. Without it, a message to be
   * dead-lettered is reported as failed until the queue's redrive policy moves it. @default none
   */
  readonly deadLetterQueue?: string | undefined;
}

interface OpenQueue {
  readonly adapter: QueueAdapter;
  readonly consumer: ConsumerDriver<unknown>;
  readonly deadLetters: DeadLetterCopies | undefined;
}

/** Domains of queue URLs. https://docs.aws.amazon.com/general/latest/gr/sqs-service.html (2026-11-24) */
const DOMAINS: Readonly<Record<string, string>> = {
  aws: "amazonaws.com",
  "aws-us-gov": "amazonaws.com",
  "aws-cn": "amazonaws.com.cn",
};

/**
 * Lets a Lambda function call SQS itself for what an answer to Lambda cannot say: the option `calls` of
 * `sqsEvents`. It is separate, so that functions without it carry none of this. The first call loads the SDK.
 *
 * @example
 * const source = sqsEvents({ calls: sqsCalls({ changeVisibility: true, deadLetterQueue: "orders-dead" }) });
 * export const handler = createHandler(orders, source, onOrder);
 *
 * @throws INVALID_ARGUMENT with every problem of the options, or if they allow nothing
 */
export function sqsCalls(options: SqsCallsOptions): SqsCalls {
  checkCalls(options);
  const { changeVisibility = false, deadLetterQueue, ...connection } = options;
  return new Calls({ ...connection, changeVisibility, deadLetterQueue }, sqs(connection));
}

function checkCalls(options: SqsCallsOptions): void {
  const { changeVisibility, deadLetterQueue }: SqsCallsOptions = options ?? {};
  const problems: string[] = [];
  if (!["undefined", "boolean"].includes(typeof changeVisibility))
    problems.push("changeVisibility: expected true or false");
  if (deadLetterQueue !== undefined && (typeof deadLetterQueue !== "string" || deadLetterQueue === ""))
    problems.push("deadLetterQueue: expected the name, URL or ARN of a queue");
  if (changeVisibility !== true && deadLetterQueue === undefined)
    problems.push("nothing is allowed: set changeVisibility: true, deadLetterQueue, or both");
  if (problems.length > 0)
    throw invalid(
      `sqsCalls(): ${problems.join("; ")}`,
      "Correct the options; every problem found is listed.",
    );
  if (deadLetterQueue !== undefined) parseAddress(deadLetterQueue);
}

interface CallsSettings extends SqsOptions {
  readonly changeVisibility: boolean;
  readonly deadLetterQueue: string | undefined;
}

class Calls implements SqsCalls {
  readonly #settings: CallsSettings;
  readonly #provider: ReturnType<typeof sqs>;
  /** Keyed by ARN: one function may have several mappings. */
  readonly #queues = new Map<string, OpenQueue>();

  constructor(settings: CallsSettings, provider: ReturnType<typeof sqs>) {
    this.#settings = settings;
    this.#provider = provider;
  }

  of(arn: string | undefined, deliveries: readonly Delivery<SqsHandle>[]): SqsSettling {
    if (arn === undefined) throw invalid("the event has no eventSourceARN", NEEDS_ARN);
    const { adapter, consumer, deadLetters } = this.#open(arn);
    const settle: SqsSettling["settle"] = {
      ...(this.#settings.changeVisibility && {
        releaseBatch: async (items, signal) => await consumer.releaseBatch(items, signal),
        extendBatch: async (items, signal) => (await consumer.extendBatch?.(items, signal)) ?? [],
      }),
      ...(deadLetters !== undefined && { deadLetterBatch: deadLetterByCopies(deliveries, deadLetters) }),
    };
    return { adapter, settle };
  }

  #open(arn: string): OpenQueue {
    const known = this.#queues.get(arn);
    if (known !== undefined) return known;
    const source = parseArn(arn);
    const adapter = this.#connect(source);
    const target = targetAt(adapter, addressOf(source));
    const opened: OpenQueue = {
      adapter,
      consumer: adapter.openConsumer(target, SETTLE_ONLY),
      deadLetters: this.#openDeadLetters(adapter, source),
    };
    this.#queues.set(arn, opened);
    return opened;
  }

  #openDeadLetters(adapter: QueueAdapter, source: QueueArn): OpenQueue["deadLetters"] {
    const { deadLetterQueue } = this.#settings;
    if (deadLetterQueue === undefined) return undefined;
    const target = targetAt(adapter, deadLetterAddress(deadLetterQueue, source));
    if (target.capabilities.ordering === "none" && source.name.endsWith(".fifo")) {
      const remedy = "Dead letters of a FIFO queue belong in a FIFO queue.";
      throw invalid(`deadLetterQueue: ${source.name} is a FIFO queue, ${target.entity} is not`, remedy);
    }
    return { producer: adapter.openProducer(target), target };
  }

  #connect({ region }: QueueArn): QueueAdapter {
    const { endpoint, deadLetterQueue: dead } = this.#settings;
    const isSaid = this.#settings.region !== undefined || this.#settings.client !== undefined;
    const authority = isSaid ? "" : region;
    // The environment of a function is its platform's, and no URL here could allow what that says.
    const isOwn = endpoint !== undefined || (dead !== undefined && parseAddress(dead).origin !== undefined);
    const parameters = isOwn ? {} : { plaintext: "allow" };
    const url = { scheme: "sqs", authority, path: "", parameters, text: `sqs://${authority}` };
    return this.#provider.connect(url, { clock: systemClock });
  }
}

const NEEDS_ARN =
  "Which queue to call is read from it: give the event that Lambda gives, or leave these options out.";

/** The driver receives nothing; the event source mapping does. */
const SETTLE_ONLY: Parameters<QueueAdapter["openConsumer"]>[1] = Object.freeze({
  mode: "pull",
  leaseMs: 0,
  flow: { maxOutstanding: 0, lanes: 0 },
  events: { leasesLost: () => {}, fault: () => {} },
});

function targetAt(adapter: QueueAdapter, name: string): Target {
  return adapter.resolve({ kind: "queue", name, exact: true, features: [] });
}

/** Builds the queue's URL instead of looking it up: a function's role seldom allows GetQueueUrl. */
function addressOf({ arn, partition, region, account, name }: QueueArn): string {
  const domain = DOMAINS[partition];
  return domain === undefined ? arn : `https://sqs.${region}.${domain}/${account}/${name}`;
}

function deadLetterAddress(given: string, source: QueueArn): string {
  const { arn, url } = parseAddress(given);
  if (url !== undefined) return given;
  return addressOf(
    arn === undefined ? { ...source, name: given, arn: siblingArn(given, source) } : parseArn(arn),
  );
}

function siblingArn(name: string, { partition, region, account }: QueueArn): string {
  return `arn:${partition}:sqs:${region}:${account}:${name}`;
}
