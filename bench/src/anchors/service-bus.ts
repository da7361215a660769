import type { ServiceBusMessage, ServiceBusReceiverOptions } from "@azure/service-bus";
import { readerFor, writerFor } from "../body.ts";
import { callers, closing, type Running } from "../callers.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { BIG_SERVICE_BUS, FAR_SERVICE_BUS, SERVICE_BUS, sdkClient } from "../scenarios/service-bus.ts";

const BATCH_BYTES = 262_144;
const bodyOf = writerFor(SERVICE_BUS);

const naiveSend: Scenario = {
  name: "service-bus send: SDK, one by one by 2,000 callers",
  stub: SERVICE_BUS,
  accounts: "sent",
  async start({ port }) {
    const client = sdkClient(port);
    const sender = client.createSender("bench");
    await sender.sendMessages(messageOf(0));
    return closing(
      callers(2_000, (nth) => sender.sendMessages(messageOf(nth))),
      () => client.close(),
    );
  },
};

/** The fastest use of the SDK's own sender: full batches, four at a time, and bodies as bytes. */
const tunedSend: Scenario = {
  name: "service-bus send: SDK, createMessageBatch by hand, 4 at once",
  stub: SERVICE_BUS,
  accounts: "sent",
  async start({ port }) {
    const client = sdkClient(port);
    const sender = client.createSender("bench");
    let sent = 0;
    const sendBatch = async (nth: number): Promise<void> => {
      const batch = await sender.createMessageBatch({ maxSizeInBytes: BATCH_BYTES });
      let index = nth;
      while (batch.tryAddMessage(messageOf(index))) index += 1;
      await sender.sendMessages(batch);
      sent += batch.count;
    };
    await sendBatch(0);
    const running = callers(4, sendBatch);
    return closing({ ...running, done: () => sent }, () => client.close());
  },
};

interface SubscribePlan {
  readonly stub: StubPlan;
  readonly maxConcurrentCalls?: number;
  readonly receiver?: ServiceBusReceiverOptions;
}

function subscribe(name: string, { stub, maxConcurrentCalls, receiver = {} }: SubscribePlan): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    start({ port }): Promise<Running> {
      const client = sdkClient(port);
      const read = readerFor(stub);
      const isRaw = receiver.skipParsingBodyAsJson === true;
      const open = client.createReceiver("bench", receiver);
      let handled = 0;
      open.subscribe(
        {
          processMessage: async (message) => {
            const body: unknown = isRaw ? read(String(message.body)) : message.body;
            await open.completeMessage(message);
            if (body !== undefined) handled += 1;
          },
          processError: () => Promise.resolve(),
        },
        { autoCompleteMessages: false, ...(maxConcurrentCalls !== undefined && { maxConcurrentCalls }) },
      );
      // Closing a full subscription waits for ever, and the process ends anyway.
      return Promise.resolve({ done: () => handled, stop: () => Promise.resolve() });
    },
  };
}

function messageOf(nth: number): ServiceBusMessage {
  return {
    body: Buffer.from(bodyOf(nth)),
    messageId: `m-${nth}`,
    contentType: "application/json",
    applicationProperties: { type: "order.created" },
  };
}

/** Turns off everything that the SDK allows to turn off in a receiver. */
const LEAN: ServiceBusReceiverOptions = {
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
  maxAutoLockRenewalDurationInMs: 0,
};

export const serviceBusAnchors: readonly Scenario[] = [
  naiveSend,
  tunedSend,
  subscribe("service-bus consume: SDK, subscribe", { stub: SERVICE_BUS }),
  subscribe("service-bus consume: SDK, subscribe(100)", { stub: SERVICE_BUS, maxConcurrentCalls: 100 }),
  subscribe("service-bus consume: SDK, subscribe(100) at its leanest", {
    stub: SERVICE_BUS,
    maxConcurrentCalls: 100,
    receiver: LEAN,
  }),
  subscribe("service-bus consume of 100 KB: SDK, subscribe(100)", {
    stub: BIG_SERVICE_BUS,
    maxConcurrentCalls: 100,
  }),
  subscribe("service-bus consume of 100 KB: SDK, subscribe(100) at its leanest", {
    stub: BIG_SERVICE_BUS,
    maxConcurrentCalls: 100,
    receiver: LEAN,
  }),
  subscribe("service-bus at 10 ms: SDK, subscribe(10)", { stub: FAR_SERVICE_BUS, maxConcurrentCalls: 10 }),
  subscribe("service-bus at 10 ms: SDK, subscribe(100)", { stub: FAR_SERVICE_BUS, maxConcurrentCalls: 100 }),
];
