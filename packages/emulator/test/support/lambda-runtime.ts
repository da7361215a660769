/** One event as a runtime receives it. */
export interface RuntimeEvent {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly records: readonly RuntimeRecord[];
}

/** The parts of a record that the tests read. */
export interface RuntimeRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, object>>;
  readonly eventSourceARN: string;
}

/** An execution environment that a test controls step by step through the runtime API. */
export class LambdaRuntime {
  readonly #base: string;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#base = `http://${environment["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime`;
  }

  /** Requests an event and waits for it. */
  async next(signal?: AbortSignal): Promise<RuntimeEvent> {
    const response = await fetch(`${this.#base}/invocation/next`, signal === undefined ? {} : { signal });
    const { Records: records } = (await response.json()) as { readonly Records: readonly RuntimeRecord[] };
    return {
      requestId: response.headers.get("lambda-runtime-aws-request-id") ?? "",
      deadlineMs: Number(response.headers.get("lambda-runtime-deadline-ms")),
      functionArn: response.headers.get("lambda-runtime-invoked-function-arn") ?? "",
      records,
    };
  }

  async respond({ requestId }: Pick<RuntimeEvent, "requestId">, body: unknown = {}): Promise<number> {
    return await this.#post(`/invocation/${requestId}/response`, JSON.stringify(body));
  }

  /** Reports the records with these bodies as failed. */
  async respondPartly(event: RuntimeEvent, bodies: readonly string[]): Promise<number> {
    const failed = event.records.filter(({ body }) => bodies.includes(body));
    const batchItemFailures = failed.map(({ messageId }) => ({ itemIdentifier: messageId }));
    return await this.respond(event, { batchItemFailures });
  }

  async fail({ requestId }: Pick<RuntimeEvent, "requestId">): Promise<number> {
    const error = { errorType: "Error", errorMessage: "down" };
    return await this.#post(`/invocation/${requestId}/error`, JSON.stringify(error));
  }

  async failInit(): Promise<number> {
    return await this.#post("/init/error", '{"errorType":"Init"}');
  }

  async #post(path: string, body: string): Promise<number> {
    const response = await fetch(`${this.#base}${path}`, { method: "POST", body });
    await response.arrayBuffer();
    return response.status;
  }
}
