import type { FaultPlan } from "../../faults/fault-plan.ts";
import type { FaultCall } from "../../faults/fault-rule.ts";
import type { HttpAnswer, HttpExchange } from "../../http/http-exchange.ts";
import type { CallLog, OpenCall } from "../../log/call-log.ts";
import type { HandOutLog } from "../../log/hand-out-log.ts";
import type { SeededRandom } from "../../random/seeded-random.ts";
import { waitFor } from "../../time/wait-for.ts";
import type { WireTime } from "../../time/wire-time.ts";
import { distortOutput, handlesIn, reportAsFailed } from "./distort-output.ts";
import type { SqsEngine } from "./engine/sqs-engine.ts";
import type { SqsQueue } from "./engine/sqs-queue.ts";
import type { CallContext, OperationOutput } from "./operations/operation.ts";
import { SQS_OPERATIONS } from "./operations/operation-table.ts";
import { findQueue, parseQueueUrl } from "./operations/resolve-queue.ts";
import { isRecord, OperationInput } from "./protocol/operation-input.ts";
import { readCaller, type Caller, type SqsCall, type SqsWire } from "./sqs-call.ts";
import { sqsError, type SqsError } from "./sqs-errors.ts";
import { SqsCallFaults, type Interruption } from "./sqs-faults.ts";

export interface SqsFrontParts {
  readonly engine: SqsEngine;
  readonly wireTime: WireTime;
  readonly faults: FaultPlan;
  readonly log: CallLog;
  readonly handOuts: HandOutLog;
  readonly random: SeededRandom;
}

export interface DecodedRequest {
  readonly exchange: HttpExchange;
  readonly wire: SqsWire;
  readonly call: SqsCall;
  readonly requestId: string;
  readonly baseUrl: string;
}

const DEFAULT_TRICKLE_BYTES = 16;
const DEFAULT_TRICKLE_MS = 50;
const ATTEMPT = /attempt=([0-9]+)/;

/** One decoded call: runs it through the faults and the engine, and answers it. */
export class RunningCall {
  readonly #request: DecodedRequest;
  readonly #parts: SqsFrontParts;
  readonly #caller: Caller;
  readonly #name: string | undefined;
  readonly #open: OpenCall;
  readonly #faults: SqsCallFaults;
  readonly #entries: readonly Readonly<Record<string, unknown>>[];

  constructor(request: DecodedRequest, parts: SqsFrontParts) {
    this.#request = request;
    this.#parts = parts;
    this.#caller = readCaller(request.exchange);
    this.#entries = entriesOf(request.call);
    const call = describeCall(request, this.#caller.region);
    this.#name = call.queue;
    this.#open = parts.log.open({
      ...describeStart(call),
      at: parts.engine.clock.now(),
      requestId: request.requestId,
      entries: Math.max(1, this.#entries.length),
    });
    this.#faults = new SqsCallFaults(parts.faults, call, this.#open, parts.engine.clock);
  }

  runFaults(when: "before" | "after"): Promise<Interruption | undefined> {
    return this.#faults.run(when, this.#request.exchange.disconnected);
  }

  /** The `expireLease` fault: expires the receipt handles in the request. */
  expireNamedLeases(): void {
    if (!this.#faults.has("expireLease")) return;
    const handles = [this.#request.call.members, ...this.#entries].map((members) => members["ReceiptHandle"]);
    this.#breakLeases(handles.filter((handle) => typeof handle === "string"));
  }

  #breakLeases(handles: readonly string[]): void {
    this.#parts.handOuts.broke(handles);
    for (const handle of handles) this.#queue()?.expireLease(handle);
  }

  async operate(): Promise<OperationOutput> {
    const { operation, members } = this.#request.call;
    const run = SQS_OPERATIONS.get(operation);
    if (run === undefined) {
      throw sqsError("UnknownOperation", `The action ${operation} is not valid for this endpoint.`);
    }
    const output = await run(new OperationInput(members), this.#context());
    this.#parts.handOuts.record(this.#name, () => handlesIn(output));
    return output;
  }

  async answer(output: OperationOutput): Promise<void> {
    const { operation } = this.#request.call;
    if (this.#faults.has("duplicate")) this.#breakLeases(handlesIn(output));
    let distorted = distortOutput(
      output,
      this.#faults,
      this.#parts.random,
      this.#queue()?.identity.isFifo ?? false,
    );
    if (this.#faults.has("partialBatch")) {
      distorted = reportAsFailed(
        distorted,
        this.#entries.map((entry) => String(entry["Id"])),
        this.#faults,
      );
    }
    const { wire, requestId } = this.#request;
    await this.#send(wire.encodeOutput(operation, distorted, requestId), undefined);
  }

  refuse(error: SqsError): Promise<void> {
    return this.#send(this.#request.wire.encodeError(error, this.#request.requestId), error.queryCode);
  }

  async interrupt(interruption: Interruption): Promise<void> {
    const { exchange, wire, requestId } = this.#request;
    switch (interruption.kind) {
      case "error": {
        const answer = wire.encodeError(interruption.error, requestId);
        const headers = { ...answer.headers, ...interruption.headers };
        return await this.#send({ ...answer, headers }, interruption.error.queryCode);
      }
      case "html":
        return await this.#send(htmlPage(interruption.status), String(interruption.status));
      case "reset":
        this.#open.end({ outcome: "reset", status: undefined, errorCode: undefined });
        exchange.reset();
        return;
      case "hold":
        this.#open.end({ outcome: "held", status: undefined, errorCode: undefined });
    }
  }

  async #send(answer: HttpAnswer, errorCode: string | undefined): Promise<void> {
    const { exchange } = this.#request;
    if (exchange.disconnected.aborted) {
      this.#open.end({ outcome: "disconnected", status: undefined, errorCode });
      return;
    }
    const outcome = errorCode === undefined ? "ok" : "error";
    this.#open.end({ outcome, status: answer.status, errorCode });
    const trickle = this.#faults.all("trickle")[0];
    if (trickle === undefined) exchange.answer(answer);
    else {
      const pause = (): Promise<void> =>
        waitFor(this.#parts.engine.clock, trickle.everyMs ?? DEFAULT_TRICKLE_MS, exchange.disconnected);
      await exchange.trickle(answer, trickle.bytesPerPart ?? DEFAULT_TRICKLE_BYTES, pause);
    }
  }

  #context(): CallContext {
    const { exchange, baseUrl } = this.#request;
    const traceHeader = exchange.headers["x-amzn-trace-id"];
    return {
      ...this.#caller,
      engine: this.#parts.engine,
      wireTime: this.#parts.wireTime,
      baseUrl,
      traceHeader: typeof traceHeader === "string" ? traceHeader : undefined,
      disconnected: exchange.disconnected,
      faultOfEntry: (index) => this.#faults.entryFault(index),
    };
  }

  #queue(): SqsQueue | undefined {
    const url = this.#request.call.members["QueueUrl"];
    const parsed = typeof url === "string" ? parseQueueUrl(url) : undefined;
    if (parsed === undefined) return undefined;
    return findQueue(parsed.name, parsed.accountId ?? this.#caller.accountId, this.#context());
  }
}

function describeCall({ exchange, wire, call }: DecodedRequest, region: string): FaultCall<"sqs"> {
  const invocationId = exchange.headers["amz-sdk-invocation-id"];
  const attempt = ATTEMPT.exec(String(exchange.headers["amz-sdk-request"] ?? ""))?.[1];
  const url = call.members["QueueUrl"];
  const name = call.members["QueueName"];
  return {
    protocol: "sqs",
    wire: wire.name,
    operation: call.operation,
    queue: typeof url === "string" ? parseQueueUrl(url)?.name : typeof name === "string" ? name : undefined,
    region,
    attempt: attempt === undefined ? 1 : Number(attempt),
    invocationId: typeof invocationId === "string" ? invocationId : undefined,
    body: exchange.body,
  };
}

function describeStart({ body: _body, ...start }: FaultCall<"sqs">): Omit<FaultCall<"sqs">, "body"> {
  return start;
}

function entriesOf(call: SqsCall): readonly Readonly<Record<string, unknown>>[] {
  const entries = call.members["Entries"];
  return Array.isArray(entries) ? entries.filter(isRecord) : [];
}

function htmlPage(status: number): HttpAnswer {
  const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
  return { status, headers: { "content-type": "text/html" }, body };
}
