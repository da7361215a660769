import type {
  AdminDriver,
  Clock,
  ConsumerDriver,
  ConsumerDriverOptions,
  EntityFacts,
  EntityRef,
  ErrorClass,
  Operation,
  ProbeResult,
  ProducerDriver,
  QueueAdapter,
  Target,
} from "@anyqueue/core/adapter";
import { invalid } from "./refusal.ts";
import { SqsClients, type ClientSettings } from "./sqs-client.ts";
import { SqsConsumer } from "./sqs-consumer.ts";
import { classifySqsError } from "./sqs-errors.ts";
import { FIFO_CAPABILITIES, SQS_LIMITS, STANDARD_CAPABILITIES } from "./sqs-limits.ts";
import { SqsProducer } from "./sqs-producer.ts";
import { SqsQueue } from "./sqs-queue.ts";
import { entityOf, parseAddress, type QueueAddress } from "./sqs-url.ts";
import type { SqsHandle } from "./sqs-wire.ts";

export interface SqsSettings extends ClientSettings {
  readonly account?: string | undefined;
  readonly clock: Clock;
}

/** One connection: an account's queues in one region, or those of one endpoint. */
export class SqsAdapter implements QueueAdapter<SqsHandle> {
  readonly name = "sqs";
  readonly classify: (error: unknown, during: Operation) => ErrorClass = classifySqsError;
  readonly #settings: SqsSettings;
  /** Keyed by endpoint and region; "" stands for the connection's own. */
  readonly #clients = new Map<string, SqsClients>();
  readonly #queues = new Map<string, SqsQueue>();
  #isClosed = false;

  constructor(settings: SqsSettings) {
    this.#settings = settings;
  }

  resolve(ref: EntityRef): Target {
    const entity = entityOf(ref);
    const address = parseAddress(entity);
    this.#refuseOtherPlace(address, entity);
    return Object.freeze({
      name: `sqs://${this.#settings.region ?? address.region ?? ""}/${address.name}`,
      entity,
      ref,
      capabilities: address.isFifo ? FIFO_CAPABILITIES : STANDARD_CAPABILITIES,
      limits: SQS_LIMITS,
    });
  }

  async probe(target: Target, signal: AbortSignal): Promise<ProbeResult> {
    let attributes: Attributes;
    try {
      attributes = await this.queue(target).attributes(signal);
    } catch (error) {
      if (classifySqsError(error, "probe").code !== "ACCESS_DENIED") throw error;
      return { facts: { unknown: [UNREADABLE] } };
    }
    const maxBytes = Number(attributes["MaximumMessageSize"]);
    const limits =
      maxBytes > 0 && maxBytes < SQS_LIMITS.maxMessageBytes ? { maxMessageBytes: maxBytes } : undefined;
    const facts = factsOf(attributes, parseAddress(target.entity));
    return limits === undefined ? { facts } : { facts, limits };
  }

  openProducer(target: Target): ProducerDriver {
    return new SqsProducer(this.queue(target), target, this.#settings.clock);
  }

  openConsumer(target: Target, options: ConsumerDriverOptions<SqsHandle>): ConsumerDriver<SqsHandle> {
    return new SqsConsumer(this.queue(target), options, this.#settings.clock);
  }

  async admin(): Promise<AdminDriver> {
    const { SqsAdmin } = await import("./admin.ts");
    return new SqsAdmin(
      this.#clientsAt(undefined, undefined),
      (target) => this.queue(target),
      this.#settings.clock,
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const clients of this.#clients.values()) clients.close();
  }

  /** Returns the only object of a queue, so that its URL is looked up once. */
  queue(target: Target): SqsQueue {
    const known = this.#queues.get(target.entity);
    if (known !== undefined) return known;
    const address = parseAddress(target.entity);
    // A configured endpoint answers for every queue, whatever host the queue's URL names. A client that was
    // given has its own.
    const { endpoint, client } = this.#settings;
    const origin = endpoint === undefined && client === undefined ? address.origin : undefined;
    const queue = new SqsQueue(address, this.#clientsAt(origin, address.region), this.#settings.account);
    this.#queues.set(target.entity, queue);
    return queue;
  }

  /** Falls back to the queue's own region, as the environment's may have a queue of the same name. */
  #clientsAt(origin: string | undefined, ownRegion: string | undefined): SqsClients {
    const endpoint = origin ?? this.#settings.endpoint;
    const region = this.#settings.region ?? ownRegion;
    const key = `${endpoint ?? ""} ${region ?? ""}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const clients = new SqsClients({ ...this.#settings, endpoint, region });
    if (this.#isClosed) clients.close();
    this.#clients.set(key, clients);
    return clients;
  }

  #refuseOtherPlace(address: QueueAddress, entity: string): void {
    const { region, endpoint } = this.#settings;
    if (endpoint !== undefined) return;
    if (address.origin !== undefined) this.#settings.checkOrigin?.(address.origin);
    if (region === undefined || address.region === undefined || region === address.region) return;
    const what = `${JSON.stringify(entity)} is in ${address.region}, the connection is to ${region}`;
    throw invalid(what, `Give this queue a URL of its own in the configuration: "sqs://${address.region}".`);
  }
}

const UNREADABLE =
  "The queue's attributes cannot be read (sqs:GetQueueAttributes is missing), so redrive policy, visibility timeout, retention and message size limit are unknown.";

const UNREADABLE_POLICY =
  "The queue's RedrivePolicy names no dead-letter queue and count, so native dead-lettering is unknown.";

type Attributes = Readonly<Record<string, string | undefined>>;

function factsOf(attributes: Attributes, address: QueueAddress): EntityFacts {
  const leaseSeconds = Number(attributes["VisibilityTimeout"]);
  const retentionSeconds = Number(attributes["MessageRetentionPeriod"]);
  return {
    ...(Number.isFinite(leaseSeconds) ? { leaseMs: leaseSeconds * 1_000 } : {}),
    ...(Number.isFinite(retentionSeconds) ? { retentionMs: retentionSeconds * 1_000 } : {}),
    ...redriveFacts(attributes["RedrivePolicy"], address),
  };
}

/** Reads `{"deadLetterTargetArn":"arn:…","maxReceiveCount":5}`; some tools write the count as a text. */
function redriveFacts(policy: string | undefined, address: QueueAddress): EntityFacts {
  if (policy === undefined || policy === "") return { unknown: [] };
  const [, arn] = /"deadLetterTargetArn"\s*:\s*"([^"]+)"/.exec(policy) ?? [];
  const [, count] = /"maxReceiveCount"\s*:\s*"?(\d+)/.exec(policy) ?? [];
  if (arn === undefined || count === undefined) {
    return { unknown: [UNREADABLE_POLICY] };
  }
  return { maxDeliveries: Number(count), deadLetterEntity: siblingOf(address, arn), unknown: [] };
}

/** Both queues share account, region and server: the name is enough unless the source's address says more. */
function siblingOf({ url, origin, account }: QueueAddress, arn: string): string {
  const name = arn.slice(arn.lastIndexOf(":") + 1);
  // An ARN would bypass the server, such as a VPC endpoint.
  if (url !== undefined && origin !== undefined) return url.replace(/[^/]+\/*$/, name);
  return account === undefined ? name : arn;
}
