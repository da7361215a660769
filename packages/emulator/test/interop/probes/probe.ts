import assert from "node:assert/strict";

/** One behaviour of Amazon SQS, tested with raw requests. Rejects if the server behaves differently. */
export interface Probe {
  /** The claim, as a row of docs/reference/interop.md. */
  readonly claim: string;
  run(server: ProbedServer): Promise<void>;
}

export interface ProbeAnswer {
  readonly status: number;
  /** Text of the body, empty if there is none. */
  readonly text: string;
  /** `x-amzn-query-error`. */
  readonly queryError: string;
  /** The body as JSON, or an empty object. */
  readonly body: Readonly<Record<string, unknown>>;
}

export type Members = Readonly<Record<string, unknown>>;

let lastQueue = 0;

/** The AWS JSON protocol without an SDK, which would check and change requests and responses. */
export class ProbedServer {
  readonly #endpoint: string;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async call(operation: string, input: Members): Promise<ProbeAnswer> {
    const response = await fetch(this.#endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `AmazonSQS.${operation}`,
        "x-amzn-query-mode": "true",
        "x-amz-date": "20261124T000000Z",
        // None of the servers checks signatures, but they read the region.
        authorization:
          "AWS4-HMAC-SHA256 Credential=test/20261124/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: JSON.stringify(input),
    });
    const text = await response.text();
    const queryError = response.headers.get("x-amzn-query-error") ?? "";
    return { status: response.status, text, queryError, body: parse(text) };
  }

  /** Makes a call that must succeed. */
  async ok(operation: string, input: Members): Promise<Members> {
    const { status, text, body } = await this.call(operation, input);
    assert.equal(status, 200, `${operation}: ${text.slice(0, 300)}`);
    return body;
  }

  /** Makes a call that must be refused with these words. An omitted text matches any text. */
  async refuses(operation: string, input: Members, wanted: Refusal): Promise<void> {
    const { status, text, body, queryError } = await this.call(operation, input);
    assert.notEqual(status, 200, `${operation} succeeded`);
    assert.equal(queryError, `${wanted.code};Sender`, text.slice(0, 300));
    if (wanted.type !== undefined) assert.equal(body["__type"], wanted.type);
    if (wanted.message !== undefined) assert.equal(body["message"], wanted.message);
    if (wanted.status !== undefined) assert.equal(status, wanted.status);
  }

  /** Creates a standard queue and returns its URL. */
  async queue(attributes: Readonly<Record<string, string>> = {}, suffix = ""): Promise<string> {
    lastQueue += 1;
    const name = `probe-${lastQueue}${suffix}`;
    const { QueueUrl: url } = await this.ok("CreateQueue", { QueueName: name, Attributes: attributes });
    return textOf(url);
  }

  async fifo(attributes: Readonly<Record<string, string>> = {}): Promise<string> {
    return await this.queue({ FifoQueue: "true", ...attributes }, ".fifo");
  }

  /** Creates a queue that moves a message to the second queue at its second receive. */
  async withDeadLetters(): Promise<{ url: string; deadUrl: string; arn: string; deadArn: string }> {
    const deadUrl = await this.queue();
    const deadArn = await this.arn(deadUrl);
    const policy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 });
    const url = await this.queue({ RedrivePolicy: policy });
    return { url, deadUrl, deadArn, arn: await this.arn(url) };
  }

  async arn(url: string): Promise<string> {
    return (await this.attributes(url, "QueueArn"))["QueueArn"] ?? "";
  }

  async attributes(url: string, ...names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const { Attributes: found } = await this.ok("GetQueueAttributes", {
      QueueUrl: url,
      AttributeNames: names,
    });
    return Object.fromEntries(Object.entries(membersOf(found)).map(([name, value]) => [name, textOf(value)]));
  }

  async send(url: string, body: string, more: Members = {}): Promise<Members> {
    return await this.ok("SendMessage", { QueueUrl: url, MessageBody: body, ...more });
  }

  /** Sends to a FIFO queue with the body as deduplication id. */
  async sendKeyed(url: string, group: string, body: string): Promise<Members> {
    return await this.send(url, body, { MessageGroupId: group, MessageDeduplicationId: body });
  }

  async receive(url: string, more: Members = {}): Promise<readonly Members[]> {
    const body = await this.ok("ReceiveMessage", { QueueUrl: url, MaxNumberOfMessages: 10, ...more });
    return listOf(body["Messages"]);
  }

  /** Receives exactly one message. */
  async receiveOne(url: string, more: Members = {}): Promise<Members> {
    const [message, ...others] = await this.receive(url, more);
    assert.ok(message !== undefined && others.length === 0, `${others.length} more messages`);
    return message;
  }

  async delete(url: string, message: Members): Promise<void> {
    await this.ok("DeleteMessage", { QueueUrl: url, ReceiptHandle: message["ReceiptHandle"] });
  }
}

export interface Refusal {
  readonly code: string;
  readonly type?: string;
  readonly message?: string;
  readonly status?: number;
}

export function bodiesOf(messages: readonly Members[]): readonly string[] {
  return messages.map((message) => textOf(message["Body"]));
}

export function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parse(text: string): Members {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    // An answer that is not JSON has no members, so a probe finds nothing in it.
    return {};
  }
}
