import type { LambdaContext, SqsBatchResponse, SqsEvent } from "@anyqueue/sqs/lambda";

type LambdaHandler = (event: SqsEvent, context: LambdaContext) => Promise<SqsBatchResponse>;

/** Runs a function as Lambda does, but in this process: gets events from the runtime API and answers them. */
export class LambdaEnvironment {
  readonly #base: string;
  readonly #handler: LambdaHandler;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(runtimeApi: string, handler: LambdaHandler) {
    this.#base = `http://${runtimeApi}/2018-06-01/runtime/invocation`;
    this.#handler = handler;
    this.#run = this.#serve();
  }

  /** Stops after the current event. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  async #serve(): Promise<void> {
    const { signal } = this.#stop;
    // oxlint-disable no-await-in-loop -- an environment has one event at a time
    while (!signal.aborted) {
      const next = await fetch(`${this.#base}/next`, { signal }).catch(() => undefined);
      if (next === undefined) return;
      const requestId = next.headers.get("lambda-runtime-aws-request-id") ?? "";
      const deadlineMs = Number(next.headers.get("lambda-runtime-deadline-ms"));
      const event = (await next.json()) as SqsEvent;
      const answer = await this.#handler(event, { getRemainingTimeInMillis: () => deadlineMs - Date.now() });
      const answered = await fetch(`${this.#base}/${requestId}/response`, {
        method: "POST",
        body: JSON.stringify(answer),
      });
      await answered.arrayBuffer();
    }
    // oxlint-enable no-await-in-loop
  }
}
