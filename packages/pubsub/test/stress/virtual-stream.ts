import { EventEmitter } from "node:events";
import type { Consumer, Delivery } from "../../../emulator/src/fronts/pubsub/engine/consumer.ts";
import type { StreamEnd } from "./schedule.ts";
import { clientError, grpcError, type VirtualService } from "./virtual-service.ts";

interface StreamRequest {
  readonly subscription?: string;
  readonly streamAckDeadlineSeconds?: number;
  readonly clientId?: string;
  readonly maxOutstandingMessages?: number;
  readonly maxOutstandingBytes?: number;
}

/** The generated client's streaming pull, in virtual time only. */
export class VirtualStream extends EventEmitter {
  readonly consumer: number;
  readonly #service: VirtualService;
  readonly #latencyMs: number;
  #subscription: string | undefined;
  #leaseMs = 0;
  #consumer: Consumer | undefined;
  /** `ending`: the service has left, but what it sent before is still under way. */
  #state: "open" | "silent" | "ending" | "ended" = "open";

  constructor(service: VirtualService, consumer: number) {
    super();
    this.#service = service;
    this.consumer = consumer;
    this.#latencyMs = service.latencyMs();
    service.streams.add(this);
  }

  get writable(): boolean {
    return this.#state !== "ended";
  }

  write(request: StreamRequest): void {
    this.#later(() => {
      if (this.#state !== "open") return;
      if (this.#subscription === undefined) this.#start(request);
      else this.#answer([]);
    });
  }

  /** The client sends no more; what is under way still comes. */
  end(): void {
    this.#later(() => {
      if (this.#state === "open") this.meet("ok");
    });
  }

  cancel(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#service.streams.delete(this);
    // The service learns of it a moment later.
    this.#later(() => this.#leave());
  }

  /** Ends the stream from the other side. */
  meet(end: StreamEnd): void {
    if (this.#state !== "open") return;
    if (end === "silent") {
      this.#state = "silent";
      return;
    }
    this.#state = "ending";
    this.#leave();
    this.#later(() => {
      if (this.#state === "ended") return;
      this.#state = "ended";
      this.#service.streams.delete(this);
      if (end !== "ok") this.emit("error", grpcError(end, "the stream was ended"));
      this.emit("end");
      this.emit("close");
    });
  }

  #start({ subscription = "", streamAckDeadlineSeconds = 10, ...request }: StreamRequest): void {
    this.#subscription = subscription;
    this.#leaseMs = streamAckDeadlineSeconds * 1_000;
    try {
      const target = this.#service.subscription(subscription);
      this.#later(() => this.emit("metadata"));
      this.#answer([]);
      this.#consumer = target.consume(
        {
          maxMessages: request.maxOutstandingMessages ?? 0,
          maxBytes: request.maxOutstandingBytes ?? 0,
          ackDeadlineMs: this.#leaseMs,
          clientId: request.clientId ?? "",
          deliver: (batch) => this.#answer(batch),
        },
        (error) => this.emit("error", clientError(error)),
      );
    } catch (error) {
      this.#later(() => this.emit("error", clientError(error)));
    }
  }

  #answer(batch: readonly Delivery[]): void {
    const sentAtMs = this.#service.clock.now();
    this.#later(() => {
      if (this.#state !== "open" && this.#state !== "ending") return;
      const isExactlyOnce = this.#properties().exactlyOnceDeliveryEnabled;
      for (const { ackId, message } of batch) {
        const { id: messageId, orderingKey } = message;
        const untilMs = sentAtMs + this.#leaseMs;
        const held = { messageId, orderingKey, untilMs, isConfirmed: !isExactlyOnce };
        this.#service.ledger.arrived(this.consumer, ackId, held);
      }
      this.emit("data", {
        subscriptionProperties: this.#properties(),
        receivedMessages: batch.map(received),
      });
    });
  }

  #properties(): { readonly exactlyOnceDeliveryEnabled: boolean; readonly messageOrderingEnabled: boolean } {
    const { resource } = this.#service.subscription(this.#subscription ?? "");
    return {
      exactlyOnceDeliveryEnabled: resource.enableExactlyOnceDelivery,
      messageOrderingEnabled: resource.enableMessageOrdering,
    };
  }

  #leave(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer !== undefined) this.#service.subscription(this.#subscription ?? "").leave(consumer);
  }

  /** All that a stream carries has the same latency, which keeps it in order. */
  #later(act: () => void): void {
    this.#service.clock.setTimer(act, this.#latencyMs);
  }
}

function received({ ackId, deliveryAttempt, message }: Delivery): object {
  return {
    ackId,
    deliveryAttempt,
    message: {
      data: message.data,
      attributes: message.attributes,
      messageId: message.id,
      publishTime: {
        seconds: String(Math.floor(message.publishedAtMs / 1_000)),
        nanos: (message.publishedAtMs % 1_000) * 1_000_000,
      },
      orderingKey: message.orderingKey,
    },
  };
}
