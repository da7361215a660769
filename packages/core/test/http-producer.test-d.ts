import http from "node:http";
import { memory } from "@anyqueue/memory";
import { sqs } from "@anyqueue/sqs";
import { expectTypeOf, test } from "vitest";
import { createClient, defineQueue, isQueueError, unchecked, type QueueProducer } from "../src/index.ts";

// The compiler checks this program; it never runs.
declare const url: string;

interface Order {
  readonly orderId: string;
  readonly customerId: string;
  readonly total: number;
}

const orders = defineQueue("orders", { schema: unchecked<Order>() });

test("a producer in an HTTP server", () => {
  class Checkout {
    readonly producer: QueueProducer<Order>;

    constructor(producer: QueueProducer<Order>) {
      this.producer = producer;
    }

    async buy(orderId: string, signal?: AbortSignal) {
      return await this.producer.send({ orderId, customerId: "c", total: 1 }, { signal });
    }
  }
  const client = createClient(url, [sqs(), memory()]);
  const checkout = new Checkout(client.producer(orders));
  http.createServer((_, response) => void answer(response));
  const answer = async (response: http.ServerResponse): Promise<void> => {
    try {
      response.end((await checkout.buy("o-1")).id);
    } catch (error) {
      if (isQueueError(error, "THROTTLED")) response.statusCode = 503;
      else if (isQueueError(error)) response.statusCode = error.ambiguous ? 502 : 500;
      response.end();
    }
  };
  class Fake implements QueueProducer<Order> {
    async send() {
      return { id: "", providerId: "" };
    }
    async sendMany() {
      return [];
    }
    async flush() {}
    resume() {}
  }
  expectTypeOf(new Checkout(new Fake())).toEqualTypeOf<Checkout>();
});
