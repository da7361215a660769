import { CreateQueueCommand, SQSClient, type QueueAttributeName } from "@aws-sdk/client-sqs";
import { onTestFinished } from "vitest";
import type { EmulatorOptions } from "../../src/emulator-options.ts";
import { startEmulator, type Emulator } from "../../src/emulator.ts";

export interface RunningEmulator {
  readonly emulator: Emulator;
  readonly endpoint: string;
  readonly sqs: SQSClient;
  createQueue(name: string, attributes?: Partial<Record<QueueAttributeName, string>>): Promise<string>;
  /** Posts a form in the query protocol and returns status and body. */
  query(parameters: Readonly<Record<string, string>>, path?: string): Promise<QueryAnswer>;
}

export interface QueryAnswer {
  readonly status: number;
  readonly body: string;
}

/** An emulator with a client of the real SDK. Both end with the test. */
export async function runEmulator(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  const emulator = await startEmulator({ sqsPort: 0, ...options });
  const endpoint = emulator.endpoints.sqs ?? "";
  const sqs = sqsClient(endpoint);
  onTestFinished(async () => {
    sqs.destroy();
    await emulator.close();
  });
  return {
    emulator,
    endpoint,
    sqs,
    async createQueue(name, attributes = {}) {
      const fifo = name.endsWith(".fifo") ? { FifoQueue: "true" } : {};
      const command = new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } });
      return (await sqs.send(command)).QueueUrl ?? "";
    },
    async query(parameters, path = "/") {
      const response = await fetch(`${endpoint}${path}`, {
        method: "POST",
        body: new URLSearchParams(parameters),
      });
      return { status: response.status, body: await response.text() };
    },
  };
}

export interface ClientOverrides {
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly maxAttempts?: number;
}

export function sqsClient(endpoint: string, overrides: ClientOverrides = {}): SQSClient {
  return new SQSClient({
    endpoint,
    region: overrides.region ?? "eu-west-1",
    maxAttempts: overrides.maxAttempts ?? 1,
    credentials: { accessKeyId: overrides.accessKeyId ?? "test", secretAccessKey: "test" },
  });
}

/** Name, query code, status and text of the error with which a call fails. */
export async function errorOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = "$metadata" in error ? error.$metadata : undefined;
    const status =
      typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata
        ? metadata.httpStatusCode
        : undefined;
    return {
      name: error.name,
      code: "Code" in error ? error.Code : undefined,
      status,
      message: error.message,
    };
  }
  throw new Error("The call succeeded.");
}

const UNTIL_LIMIT_MS = 10_000;

/** Waits for the effect of another connection, without sleeping for a guessed time. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + UNTIL_LIMIT_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt)
      throw new Error(`Waited ${UNTIL_LIMIT_MS} ms in vain for ${String(condition)}.`);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
