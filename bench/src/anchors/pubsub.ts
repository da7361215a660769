import { PubSub, type PublishOptions, type SubscriberOptions } from "@google-cloud/pubsub";
import { EXAMPLE_BODIES } from "../body.ts";
import { callers, closing, type Running } from "../callers.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { FAR_PUBSUB, PUBSUB } from "../scenarios/pubsub.ts";

/** Bytes of HTTP/2's window; Node's own default is 64 KB, which holds a far reader back. */
const WINDOW_BYTES = 4 << 20;

function publish(name: string, callersAtOnce: number, options: PublishOptions): Scenario {
  return {
    name,
    stub: PUBSUB,
    accounts: "sent",
    async start({ port }) {
      const client = sdk(port);
      const topic = client.topic("bench", options);
      const send = (nth: number): Promise<unknown> =>
        topic.publishMessage({
          data: Buffer.from(JSON.stringify(EXAMPLE_BODIES[nth % EXAMPLE_BODIES.length])),
          attributes: { type: "order.created" },
        });
      await send(0);
      return closing(callers(callersAtOnce, send), () => client.close());
    },
  };
}

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
      let handled = 0;
      subscription.on("error", () => {});
      subscription.on("message", (message) => {
        JSON.parse(message.data.toString());
        message.ack();
        handled += 1;
      });
      return Promise.resolve({
        done: () => handled,
        async stop() {
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

/** One stream and many outstanding: what its own documentation and maintainers advise for throughput. */
const TUNED: SubscriberOptions = { flowControl: { maxMessages: 5_000 }, streamingOptions: { maxStreams: 1 } };

export const pubsubAnchors: readonly Scenario[] = [
  publish("pubsub send: SDK, 2,000 callers, batches of 1,000", 2_000, {
    batching: { maxMessages: 1_000, maxBytes: 1_000_000, maxMilliseconds: 5 },
  }),
  publish("pubsub idle send: SDK", 1, {}),
  subscribe("pubsub consume: SDK", { stub: PUBSUB }),
  subscribe("pubsub consume: SDK, 5,000 outstanding on one stream", { stub: PUBSUB, options: TUNED }),
  subscribe("pubsub at 10 ms: SDK, tuned, window 4 MB", {
    stub: FAR_PUBSUB,
    options: TUNED,
    windowBytes: WINDOW_BYTES,
  }),
];
