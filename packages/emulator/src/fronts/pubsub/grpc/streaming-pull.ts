import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { OpenCall } from "../../../log/call-log.ts";
import { waitFor } from "../../../time/wait-for.ts";
import type { Consumer, Delivery } from "../engine/consumer.ts";
import { idOf } from "../engine/resource-name.ts";
import type { Subscription } from "../engine/subscription.ts";
import { checkAckDeadline } from "../engine/subscription-settings.ts";
import { checkPullable } from "../operations/message-operations.ts";
import { GRPC_CODES, type PubsubError } from "../pubsub-error.ts";
import type { Connection } from "./connection-table.ts";
import { describeCall, describeStart } from "./describe-call.ts";
import { distortMessages } from "./distort-pull.ts";
import { toPubsubError, toServiceError } from "./grpc-status.ts";
import { PubsubCallFaults, type Interruption } from "./pubsub-call-faults.ts";
import type { StreamingPullRequest, StreamingPullResponse, WireReceivedMessage } from "./pubsub-wire.ts";
import { toReceivedMessage } from "./received-message.ts";
import { checkLaterRequest, settleOnStream } from "./stream-requests.ts";
import type { GrpcParts } from "./unary-call.ts";

const DEFAULT_SLOW_MS = 50;

/** `opening` until the first request was accepted. Once `ended`, nothing more is sent. */
type StreamState = "opening" | "flowing" | "ended";

/** Serves one StreamingPull call until either side ends it. */
export function serveStreamingPull(call: StreamingPullCall, parts: GrpcParts): void {
  const stream = new StreamingPull(call, parts);
  stream.listen();
}

type StreamingPullCall = ServerDuplexStream<StreamingPullRequest, StreamingPullResponse>;

/** One StreamingPull call. Requests are handled in order, and responses are sent in order. */
class StreamingPull {
  readonly #call: StreamingPullCall;
  readonly #parts: GrpcParts;
  readonly #connection: Connection | undefined;
  readonly #cancel = new AbortController();
  #state: StreamState = "opening";
  #open: OpenCall | undefined;
  #subscription: Subscription | undefined;
  #consumer: Consumer | undefined;
  #first: StreamingPullRequest | undefined;
  #requests: Promise<void> = Promise.resolve();
  /** Set while a fault delays a response. Later responses queue behind it. */
  #responses: Promise<void> | undefined;
  #isStarved = false;
  #isDeaf = false;
  #slowMs: number | undefined;

  constructor(call: StreamingPullCall, parts: GrpcParts) {
    this.#call = call;
    this.#parts = parts;
    this.#connection = parts.connections.get(call.getPeer());
  }

  listen(): void {
    this.#call.on("data", (request: StreamingPullRequest) => {
      this.#requests = this.#requests.then(() => this.#receive(request));
    });
    this.#call.once("end", () => {
      this.#requests = this.#requests.then(() => this.#finish("ok"));
    });
    this.#call.once("cancelled", () => this.#finish("disconnected"));
    this.#call.on("error", () => this.#finish("disconnected"));
  }

  async #receive(request: StreamingPullRequest): Promise<void> {
    if (this.#state === "ended") return;
    try {
      if (this.#state === "opening") await this.#start(request);
      else await this.#goOn(request);
    } catch (error) {
      this.#endWith(toPubsubError(error));
    }
  }

  async #start(request: StreamingPullRequest): Promise<void> {
    this.#first = request;
    const { log, engine } = this.#parts;
    const described = describeCall("StreamingPull", request, this.#call.metadata);
    this.#open = log.open(describeStart(described, request, engine.clock.now()));
    const faults = this.#faultsOf("StreamingPull");
    if (this.#isInterrupted(await faults.draw("before", this.#cancel.signal))) return;
    const subscription = engine.subscriptions.get(request.subscription);
    checkPullable(subscription);
    checkAckDeadline(request.streamAckDeadlineSeconds);
    if (this.#state !== "opening") return;
    this.#state = "flowing";
    this.#subscription = subscription;
    this.#adopt(faults);
    this.#write({});
    this.#consume(subscription, request, faults.has("overflow"));
    if (this.#isInterrupted(await faults.draw("after", this.#cancel.signal))) return;
    this.#adopt(faults);
    this.#settle(request);
  }

  #consume(subscription: Subscription, request: StreamingPullRequest, isUnlimited: boolean): void {
    this.#consumer = subscription.consume(
      {
        maxMessages: isUnlimited ? 0 : request.maxOutstandingMessages,
        maxBytes: isUnlimited ? 0 : request.maxOutstandingBytes,
        ackDeadlineMs: request.streamAckDeadlineSeconds * 1000,
        clientId: request.clientId,
        deliver: (batch) => this.#deliver(batch),
      },
      (error) => this.#endWith(error),
    );
    this.#consumer.isBlocked = this.#isStarved;
  }

  async #goOn(request: StreamingPullRequest): Promise<void> {
    const faults = this.#faultsOf("StreamingPull.request", request);
    if (this.#isInterrupted(await faults.draw("before", this.#cancel.signal))) return;
    this.#adopt(faults);
    if (faults.has("expireLease")) {
      this.#parts.handOuts.broke(this.#subscription?.leasesEndingWith(request.ackIds) ?? []);
      this.#subscription?.expire(request.ackIds);
    }
    checkLaterRequest(request);
    if (request.streamAckDeadlineSeconds !== 0) {
      checkAckDeadline(request.streamAckDeadlineSeconds);
      if (this.#consumer !== undefined) {
        this.#consumer.ackDeadlineMs = request.streamAckDeadlineSeconds * 1000;
      }
    }
    this.#settle(request);
    if (this.#isInterrupted(await faults.draw("after", this.#cancel.signal))) return;
    // The client takes an answer to each request as proof that the stream is alive.
    if (!this.#isDeaf) this.#write({});
  }

  #settle(request: StreamingPullRequest): void {
    if (this.#subscription === undefined) return;
    const confirmation = settleOnStream(this.#subscription, request);
    if (confirmation !== undefined) this.#write(confirmation);
  }

  #deliver(batch: readonly Delivery[]): void {
    const { handOuts, wireTime } = this.#parts;
    const messages = batch.map((delivery) => toReceivedMessage(delivery, wireTime));
    handOuts.record(idOf(this.#first?.subscription ?? ""), () => batch.map(({ ackId }) => ackId));
    const faults = this.#faultsOf("StreamingPull.response");
    const before = faults.draw("before", this.#cancel.signal);
    if (before === undefined && this.#responses === undefined && this.#slowMs === undefined) {
      this.#send(messages, faults);
      return;
    }
    const queued: Promise<void> = (this.#responses ?? Promise.resolve())
      .then(async () => await this.#sendFaulty(messages, faults, await before))
      .finally(() => {
        if (this.#responses === queued) this.#responses = undefined;
      });
    this.#responses = queued;
  }

  async #sendFaulty(
    messages: readonly WireReceivedMessage[],
    faults: PubsubCallFaults,
    before: Interruption | undefined,
  ): Promise<void> {
    if (this.#isInterrupted(before)) return;
    this.#adopt(faults);
    const subscription = this.#subscription;
    if (subscription === undefined) return;
    const distorted = distortMessages(messages, subscription, faults, this.#parts);
    if (this.#slowMs === undefined) return this.#send(distorted, faults);
    for (const message of distorted) {
      await waitFor(this.#parts.engine.clock, this.#slowMs, this.#cancel.signal);
      this.#send([message], faults);
    }
  }

  #send(messages: readonly WireReceivedMessage[], faults: PubsubCallFaults): void {
    if (this.#state === "ended") return;
    this.#write({ receivedMessages: messages });
    const after = faults.draw("after", this.#cancel.signal);
    void after?.then((interruption) => this.#isInterrupted(interruption));
  }

  /** Adds the properties to every response: clients in other languages read a missing value as a change. */
  #withProperties(response: StreamingPullResponse): StreamingPullResponse {
    if (this.#subscription === undefined) return response;
    const { enableExactlyOnceDelivery, enableMessageOrdering } = this.#subscription.resource;
    return {
      ...response,
      subscriptionProperties: {
        exactlyOnceDeliveryEnabled: enableExactlyOnceDelivery,
        messageOrderingEnabled: enableMessageOrdering,
      },
    };
  }

  #write(response: StreamingPullResponse): void {
    if (this.#state === "ended" || this.#connection?.isSilent === true) return;
    if (this.#call.write(this.#withProperties(response)) || this.#consumer === undefined) return;
    const consumer = this.#consumer;
    if (consumer.isBlocked) return;
    consumer.isBlocked = true;
    this.#call.once("drain", () => {
      consumer.isBlocked = this.#isStarved;
      this.#subscription?.wake();
    });
  }

  /** Applies faults that last for the rest of the stream. */
  #adopt(faults: PubsubCallFaults): void {
    if (faults.has("noKeepalive")) this.#isDeaf = true;
    const slow = faults.find("slow");
    if (slow !== undefined) this.#slowMs = slow.everyMs ?? DEFAULT_SLOW_MS;
    if (faults.has("starve")) this.#starve();
  }

  #starve(): void {
    this.#isStarved = true;
    if (this.#consumer !== undefined) this.#consumer.isBlocked = true;
  }

  #faultsOf(operation: string, request: object | undefined = this.#first): PubsubCallFaults {
    const { faults, engine } = this.#parts;
    const open: OpenCall = {
      fired: (ruleId) => this.#open?.fired(ruleId),
      end: () => undefined,
    };
    const target = { plan: faults, clock: engine.clock, open, connection: this.#connection };
    const named = { ...request, subscription: this.#first?.subscription };
    return new PubsubCallFaults(target, describeCall(operation, named, this.#call.metadata));
  }

  #isInterrupted(interruption: Interruption | undefined): boolean {
    if (interruption === undefined) return this.#state === "ended";
    switch (interruption.kind) {
      case "error":
        this.#endWith(interruption.error);
        break;
      case "end":
        this.#finish("ok");
        break;
      case "reset":
        this.#finish("reset");
        this.#connection?.reset();
        break;
      case "hold":
        this.#isDeaf = true;
        this.#starve();
    }
    return true;
  }

  #endWith(error: PubsubError): void {
    if (this.#state === "ended") return;
    this.#leave();
    this.#open?.end({ outcome: "error", status: GRPC_CODES[error.code], errorCode: error.code });
    if (this.#connection?.isSilent !== true) this.#call.emit("error", toServiceError(error));
  }

  #finish(outcome: "ok" | "disconnected" | "reset"): void {
    if (this.#state === "ended") return;
    this.#leave();
    this.#open?.end({ outcome, status: outcome === "ok" ? 0 : undefined, errorCode: undefined });
    if (outcome === "ok") this.#call.end();
  }

  #leave(): void {
    this.#state = "ended";
    this.#cancel.abort();
    if (this.#consumer !== undefined) this.#subscription?.leave(this.#consumer);
  }
}
