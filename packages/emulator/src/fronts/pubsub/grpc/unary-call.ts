import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import type { FaultPlan } from "../../../faults/fault-plan.ts";
import type { CallLog, OpenCall } from "../../../log/call-log.ts";
import type { HandOutLog } from "../../../log/hand-out-log.ts";
import type { SeededRandom } from "../../../random/seeded-random.ts";
import type { WireTime } from "../../../time/wire-time.ts";
import type { IamPolicies } from "../engine/iam-policies.ts";
import type { PubsubEngine } from "../engine/pubsub-engine.ts";
import { exactlyOnceError } from "../operations/message-operations.ts";
import type { Operation } from "../operations/operation.ts";
import { GRPC_CODES, type PubsubError } from "../pubsub-error.ts";
import type { ConnectionTable, Connection } from "./connection-table.ts";
import { describeCall, describeStart } from "./describe-call.ts";
import { ackIdsIn, distortPull } from "./distort-pull.ts";
import { toPubsubError, toServiceError } from "./grpc-status.ts";
import { PubsubCallFaults, type Interruption } from "./pubsub-call-faults.ts";

/** Shared by all calls. */
export interface GrpcParts {
  readonly engine: PubsubEngine;
  readonly policies: IamPolicies;
  readonly wireTime: WireTime;
  readonly faults: FaultPlan;
  readonly log: CallLog;
  readonly handOuts: HandOutLog;
  readonly random: SeededRandom;
  readonly connections: ConnectionTable;
}

/** One unary call: runs it through the faults and the engine, and answers it. */
export class UnaryCall<Request extends object> {
  readonly #call: ServerUnaryCall<Request, object>;
  readonly #callback: sendUnaryData<object>;
  readonly #parts: GrpcParts;
  readonly #name: string | undefined;
  readonly #open: OpenCall;
  readonly #faults: PubsubCallFaults;
  readonly #connection: Connection | undefined;
  readonly #cancel = new AbortController();

  constructor(
    name: string,
    call: ServerUnaryCall<Request, object>,
    callback: sendUnaryData<object>,
    parts: GrpcParts,
  ) {
    this.#call = call;
    this.#callback = callback;
    this.#parts = parts;
    const { faults, log, engine, connections } = parts;
    const described = describeCall(name, call.request, call.metadata);
    this.#name = described.queue;
    this.#open = log.open(describeStart(described, call.request, engine.clock.now()));
    this.#connection = connections.get(call.getPeer());
    const target = { plan: faults, clock: engine.clock, open: this.#open, connection: this.#connection };
    this.#faults = new PubsubCallFaults(target, described);
    call.once("cancelled", () => this.#cancel.abort());
  }

  async run(operation: Operation<Request>): Promise<void> {
    const before = await this.#faults.draw("before", this.#cancel.signal);
    if (before !== undefined) return this.#interrupt(before);
    this.#expireNamedLeases();
    let response: object;
    try {
      response = await operation(this.#call.request, this.#context());
      this.#parts.handOuts.record(this.#name, () => ackIdsIn(response));
    } catch (error) {
      return this.#refuse(toPubsubError(error));
    }
    const after = await this.#faults.draw("after", this.#cancel.signal);
    if (after !== undefined) return this.#interrupt(after);
    // Ack ids that an `after` rule reports as failed although they were settled. With `before`, the operation
    // itself threw.
    const failures = this.#failedAckIds();
    if (failures.size > 0) return this.#refuse(exactlyOnceError(failures));
    this.#answer(response);
  }

  #context(): Parameters<Operation<Request>>[1] {
    const { engine, policies, wireTime } = this.#parts;
    return {
      engine,
      policies,
      wireTime,
      cancelled: this.#cancel.signal,
      ackFault: (index) => this.#faults.ackFault(index),
    };
  }

  /** The `expireLease` fault. */
  #expireNamedLeases(): void {
    const { request } = this.#call;
    if (!this.#faults.has("expireLease")) return;
    const name = "subscription" in request ? String(request.subscription) : "";
    const subscription = this.#parts.engine.subscriptions.all().find((one) => one.name === name);
    this.#parts.handOuts.broke(subscription?.leasesEndingWith(this.#ackIds()) ?? []);
    subscription?.expire(this.#ackIds());
  }

  #failedAckIds(): ReadonlyMap<string, string> {
    const codes = this.#ackIds().map((ackId, index) => [ackId, this.#faults.ackFault(index)] as const);
    return new Map(codes.flatMap(([ackId, code]) => (code === undefined ? [] : [[ackId, code]])));
  }

  #ackIds(): readonly string[] {
    const { request } = this.#call;
    return "ackIds" in request && Array.isArray(request.ackIds) ? request.ackIds.map(String) : [];
  }

  #answer(response: object): void {
    const distorted = distortPull(this.#call.request, response, this.#faults, this.#parts);
    if (this.#isGone()) return;
    this.#open.end({ outcome: "ok", status: 0, errorCode: undefined });
    this.#callback(null, distorted);
  }

  #refuse(error: PubsubError): void {
    if (this.#isGone()) return;
    this.#open.end({ outcome: "error", status: GRPC_CODES[error.code], errorCode: error.code });
    this.#callback(toServiceError(error));
  }

  #interrupt(interruption: Interruption): void {
    switch (interruption.kind) {
      case "error":
        return this.#refuse(interruption.error);
      case "reset":
        this.#open.end({ outcome: "reset", status: undefined, errorCode: undefined });
        this.#connection?.reset();
        return;
      case "end":
      case "hold":
        this.#open.end({ outcome: "held", status: undefined, errorCode: undefined });
    }
  }

  /** Returns true if nobody can receive an answer any more. */
  #isGone(): boolean {
    const isSilent = this.#connection?.isSilent === true;
    if (!isSilent && !this.#call.cancelled) return false;
    const outcome = isSilent ? "held" : "disconnected";
    this.#open.end({ outcome, status: undefined, errorCode: undefined });
    return true;
  }
}
