import { createClient, defineQueue } from "@anyqueue/core";
import { serviceBus } from "@anyqueue/service-bus";
import { ServiceBusClient } from "@azure/service-bus";
import { bodyAt } from "../body.ts";
import { callers, closing } from "../callers.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { contentOf } from "./content.ts";

export const SERVICE_BUS: StubPlan = { kind: "service-bus" };
export const FAR_SERVICE_BUS: StubPlan = { kind: "service-bus", roundTripMs: 10 };
/** The standard tier allows 256 KB per message in total. */
export const BIG_SERVICE_BUS: StubPlan = { kind: "service-bus", textBytes: 100_000 };

/** A server on which small frames that wait for a TCP acknowledgement (Nagle) would cost 40 ms each. */
const EMULATOR: StubPlan = { kind: "service-bus-emulator" };

/** The SDK's client, without an administration endpoint, because the stub has none. */
export function sdkClient(port: number): ServiceBusClient {
  const place = `Endpoint=sb://127.0.0.1:${port}`;
  const key = "SharedAccessKeyName=bench;SharedAccessKey=YmVuY2g=";
  return new ServiceBusClient(`${place};${key};UseDevelopmentEmulator=true`);
}

function sending(name: string, stub: StubPlan, callersAtOnce: number): Scenario {
  return {
    name,
    stub,
    accounts: "sent",
    async start({ port }) {
      const sdk = sdkClient(port);
      const client = createClient("service-bus:", [serviceBus({ client: sdk })]);
      const { codec, bodies } = contentOf(stub);
      const producer = client.producer(defineQueue("bench", { codec }));
      const send = (nth: number): Promise<unknown> => producer.send(bodyAt(bodies, nth));
      await send(0);
      return closing(callers(callersAtOnce, send), async () => {
        await client.close();
        await sdk.close();
      });
    },
  };
}

function consuming(name: string, stub: StubPlan, concurrency: number): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    async start({ port }) {
      const sdk = sdkClient(port);
      const client = createClient("service-bus:", [serviceBus({ client: sdk })]);
      let handled = 0;
      const { codec } = contentOf(stub);
      const queue = defineQueue("bench", { codec, deadLetter: "none" });
      const consumer = client.consumer(queue, { concurrency });
      const run = consumer.run(() => {
        handled += 1;
      });
      return {
        done: () => handled,
        async stop() {
          await client.close();
          await run;
          await sdk.close();
        },
      };
    },
  };
}

export const serviceBusScenarios: readonly Scenario[] = [
  sending("service-bus send: anyqueue, 2,000 callers", SERVICE_BUS, 2_000),
  sending("service-bus idle send: anyqueue, to the emulator", EMULATOR, 1),
  consuming("service-bus consume: anyqueue, concurrency 100", SERVICE_BUS, 100),
  consuming("service-bus consume of 100 KB: anyqueue, concurrency 100", BIG_SERVICE_BUS, 100),
  consuming("service-bus at 10 ms: anyqueue, concurrency 10", FAR_SERVICE_BUS, 10),
  consuming("service-bus at 10 ms: anyqueue, concurrency 100", FAR_SERVICE_BUS, 100),
];
