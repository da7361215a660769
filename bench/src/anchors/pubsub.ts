import { PubSub, v1, type PublishOptions, type SubscriberOptions } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";
import { readerFor, writerFor } from "../body.ts";
import { callers, closing, type Running } from "../callers.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { BIG_PUBSUB, FAR_PUBSUB, PUBSUB } from "../scenarios/pubsub.ts";

/** HTTP/2's flow-control window. Node's default is 64 KB, which slows a distant reader down. */
const WINDOW_BYTES = 4 << 20;

interface PublishPlan {
  readonly stub: StubPlan;
  readonly callersAtOnce: number;
  readonly options?: PublishOptions;
}

function publish(name: string, { stub, callersAtOnce, options = {} }: PublishPlan): Scenario {
  return {
    name,
    stub,
    accounts: "sent",
    async start({ port }) {
      const client = sdk(port);
      const topic = client.topic("bench", options);
      const bodyOf = writerFor(stub);
      const send = (nth: number): Promise<unknown> =>
        topic.publishMessage({
          data: Buffer.from(bodyOf(nth)),
          attributes: { type: "order.created" },
        });
      await send(0);
      return closing(callers(callersAtOnce, send), () => client.close());
    },
  };
}

/** The generated client below `Topic`. It sends a request for each message at once. */
const gapicPublish: Scenario = {
  name: "pubsub idle send: generated client",
  stub: PUBSUB,
  accounts: "sent",
  async start({ port }) {
    const client = new v1.PublisherClient({
      projectId: "bench",
      apiEndpoint: "127.0.0.1",
      port,
      sslCreds: credentials.createInsecure(),
    });
    const topic = "projects/bench/topics/bench";
    const bodyOf = writerFor(PUBSUB);
    const send = (nth: number): Promise<unknown> => {
      const data = Buffer.from(bodyOf(nth));
      return client.publish({ topic, messages: [{ data, attributes: { type: "order.created" } }] });
    };
    await send(0);
    return closing(callers(1, send), () => client.close());
  },
};

interface SubscribePlan {
  readonly stub: StubPlan;
  readonly options?: SubscriberOptions;
  readonly windowBytes?: number;
}

function subscribe(name: string, { stub, options = {}, windowBytes }: SubscribePlan): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    start({ port }): Promise<Running> {
      const client = sdk(port, windowBytes);
      const subscription = client.subscription("bench", options);
      const read = readerFor(stub);
      let handled = 0;
      let isStopping = false;
      subscription.on("error", () => {});
      subscription.on("message", (message) => {
        // The SDK still delivers messages while it closes, and drops their acks.
        if (isStopping) return;
        read(message.data.toString());
        message.ack();
        handled += 1;
      });
      return Promise.resolve({
        done: () => handled,
        async stop() {
          isStopping = true;
          await subscription.close();
          await client.close();
        },
      });
    },
  };
}

function sdk(port: number, windowBytes?: number): PubSub {
  return new PubSub({
    projectId: "bench",
    apiEndpoint: `127.0.0.1:${port}`,
    emulatorMode: true,
    ...(windowBytes !== undefined && { "grpc-node.flow_control_window": windowBytes }),
  });
}

/** One stream, many outstanding messages: what the SDK's docs and maintainers advise for throughput. */
const TUNED: SubscriberOptions = { flowControl: { maxMessages: 5_000 }, streamingOptions: { maxStreams: 1 } };

const TUNED_BATCHES: PublishOptions = {
  batching: { maxMessages: 1_000, maxBytes: 1_000_000, maxMilliseconds: 5 },
};

export const pubsubAnchors: readonly Scenario[] = [
  publish("pubsub send: SDK, 2,000 callers, batches of 1,000", {
    stub: PUBSUB,
    callersAtOnce: 2_000,
    options: TUNED_BATCHES,
  }),
  publish("pubsub send of 256 KB: SDK, 200 callers, batches of 1 MB", {
    stub: BIG_PUBSUB,
    callersAtOnce: 200,
    options: TUNED_BATCHES,
  }),
  publish("pubsub idle send: SDK", { stub: PUBSUB, callersAtOnce: 1 }),
  gapicPublish,
  subscribe("pubsub consume: SDK", { stub: PUBSUB }),
  subscribe("pubsub consume: SDK, 5,000 outstanding on one stream", { stub: PUBSUB, options: TUNED }),
  subscribe("pubsub consume of 256 KB: SDK, 5,000 outstanding on one stream", {
    stub: BIG_PUBSUB,
    options: TUNED,
  }),
  subscribe("pubsub at 10 ms: SDK", { stub: FAR_PUBSUB }),
  subscribe("pubsub at 10 ms: SDK, tuned, window 4 MB", {
    stub: FAR_PUBSUB,
    options: TUNED,
    windowBytes: WINDOW_BYTES,
  }),
];
