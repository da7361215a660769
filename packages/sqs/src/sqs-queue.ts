import type { GetQueueAttributesCommandInput } from "@aws-sdk/client-sqs";
import { HandBacks, orAborted, setTimeLimit, systemClock, type ErrorCode } from "@anyqueue/core/adapter";
import { abortError } from "./abort-error.ts";
import { namedError } from "./named-error.ts";
import type { SqsCall, SqsClients } from "./sqs-client.ts";
import { classifySqsError } from "./sqs-errors.ts";
import { twinOf, type QueueAddress } from "./sqs-url.ts";

/** How long finding a queue may take, so that a start fails soon (D13). */
const LOOKUP_TIMEOUT_MS = 4_500;
/** How long looking for a queue of the other kind may take, after a look-up that found none. */
const TWIN_TIMEOUT_MS = 1_000;
/** The same, including all that comes before the request, such as credentials. */
const READY_TIMEOUT_MS = 10_000;
/** How soon a limit is read again for a message that exceeds it: somebody may have raised it. */
const LIMIT_AGE_MS = 60_000;
/** Sending does not depend on this read, but if it fails with one of these, sends would fail, too. */
const STOPS_SENDING: ReadonlySet<ErrorCode> = new Set([
  "NOT_FOUND",
  "UNAUTHENTICATED",
  "CANCELLED",
  "CLOSED",
]);

/** One queue of a connection: where it is and how to call it. Shared by its drivers. */
export class SqsQueue {
  readonly address: QueueAddress;
  /** The owner, if it may be another than the caller. */
  readonly account: string | undefined;
  readonly call: SqsCall;
  /** What its consumers gave back unstarted, also to each other and to those that come after them. */
  readonly handBacks = new HandBacks();
  readonly #ended: AbortSignal;
  #url: string | undefined;
  #lookup: Promise<string> | undefined;
  #maxMessageBytes: number | undefined;
  #learning: Promise<void> | undefined;
  #hasLearned = false;
  #learnedAtMs = 0;

  constructor(address: QueueAddress, clients: SqsClients, account: string | undefined) {
    this.address = address;
    this.call = clients.call;
    this.#ended = clients.ended;
    this.account = address.account ?? account;
    this.#url = address.url;
  }

  /** The queue's own MaximumMessageSize; undefined until it could be read. */
  get maxMessageBytes(): number | undefined {
    return this.#maxMessageBytes;
  }

  /** True if the queue's own limit is known, or cannot be read; `learnLimit` then asks no more. */
  get hasLearnedLimit(): boolean {
    return this.#hasLearned;
  }

  get isFifo(): boolean {
    return this.address.isFifo;
  }

  /** Returns the URL, looked up once; after a failed lookup, the next call tries again. */
  async url(signal: AbortSignal | undefined): Promise<string> {
    if (this.#url !== undefined) return this.#url;
    // Shared by all callers, so none of their signals may end it.
    this.#lookup ??= this.#lookUp().finally(() => {
      this.#lookup = undefined;
    });
    if (signal === undefined) return await this.#lookup;
    return await orAborted(this.#lookup, signal, () => {
      throw abortError(signal);
    });
  }

  /** Rejects if the queue is missing or the credentials do not work, as far as that can be found out. */
  async confirm(signal: AbortSignal): Promise<void> {
    await this.url(signal);
    if (this.address.url === undefined) return;
    try {
      await this.attributes(signal);
    } catch (error) {
      // Neither a producer nor a consumer needs the right to read attributes.
      if (classifySqsError(error, "open").code !== "ACCESS_DENIED") throw error;
    }
  }

  /** Reads the queue's size limit once, where allowed; a queue made with 256 KiB keeps that limit. */
  async learnLimit(signal: AbortSignal): Promise<void> {
    if (this.#hasLearned) return;
    // Shared, like a lookup.
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = undefined;
    });
    await orAborted(this.#learning, signal, () => {
      throw abortError(signal);
    });
  }

  /** Reads the limit again, unless it was read a moment ago. */
  async renewLimit(signal: AbortSignal): Promise<void> {
    if (systemClock.now() - this.#learnedAtMs < LIMIT_AGE_MS) return;
    this.#hasLearned = false;
    await this.learnLimit(signal);
  }

  async attributes(signal?: AbortSignal): Promise<Readonly<Record<string, string | undefined>>> {
    const input: GetQueueAttributesCommandInput = {
      QueueUrl: await this.url(signal),
      AttributeNames: ["All"],
    };
    const options = { timeoutMs: LOOKUP_TIMEOUT_MS, ...(signal && { signal }) };
    const reply = await inReadyTime(this.call("GetQueueAttributesCommand", input, options), this.#ended);
    const attributes = reply.Attributes ?? {};
    const maxBytes = Number(attributes.MaximumMessageSize);
    if (maxBytes > 0) this.#maxMessageBytes = maxBytes;
    return attributes;
  }

  async arn(signal: AbortSignal): Promise<string> {
    return this.address.arn ?? (await this.attributes(signal))["QueueArn"] ?? "";
  }

  /** Forgets what was learned, after the queue was deleted, or made anew with this URL. */
  forget(url?: string): void {
    this.#url = this.address.url ?? url;
    this.#maxMessageBytes = undefined;
    this.#hasLearned = false;
  }

  async #learn(): Promise<void> {
    try {
      await this.attributes();
    } catch (error) {
      if (STOPS_SENDING.has(classifySqsError(error, "open").code)) throw error;
    }
    this.#hasLearned = true;
    this.#learnedAtMs = systemClock.now();
  }

  async #lookUp(): Promise<string> {
    const { name } = this.address;
    try {
      this.#url = await this.#urlOf(name, LOOKUP_TIMEOUT_MS);
    } catch (error) {
      if (classifySqsError(error, "open").code === "NOT_FOUND") await this.#mindTwin(error);
      throw error;
    }
    return this.#url;
  }

  /** A queue that is missing may exist as the other kind, which has another name: the error says so. */
  async #mindTwin(error: unknown): Promise<void> {
    const twin = twinOf(this.address);
    try {
      await this.#urlOf(twin, TWIN_TIMEOUT_MS);
    } catch {
      return;
    }
    if (error instanceof Error && Object.isExtensible(error)) Object.assign(error, { twin });
  }

  async #urlOf(name: string, timeoutMs: number): Promise<string> {
    const input = { QueueName: name, QueueOwnerAWSAccountId: this.account };
    const reply = await inReadyTime(this.call("GetQueueUrlCommand", input, { timeoutMs }), this.#ended);
    if (reply.QueueUrl === undefined) throw new Error(`GetQueueUrl answered without a URL for ${name}`);
    return reply.QueueUrl;
  }
}

/** Limits the wait: a source of credentials may hang, and the SDK would wait for it forever. */
async function inReadyTime<Value>(reading: Promise<Value>, ended: AbortSignal): Promise<Value> {
  const overdue = new AbortController();
  const timer = setTimeLimit(systemClock, () => overdue.abort(), READY_TIMEOUT_MS, true);
  try {
    return await orAborted(reading, AbortSignal.any([overdue.signal, ended]), () => {
      ended.throwIfAborted();
      const what = `no answer within ${READY_TIMEOUT_MS} ms, perhaps because credentials are missing`;
      throw namedError("TimeoutError", what);
    });
  } finally {
    timer.cancel();
  }
}
