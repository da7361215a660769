import { systemClock, type QueueAdapter } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import {
  never,
  openAdapter,
  outgoing,
  queueOf,
  rawClient,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

const tapped = useTappedEmulator();

/** Makes adapters of one provider. */
function sharing(): () => QueueAdapter {
  const provider = serviceBus();
  const parameters = { endpoint: tapped.tap.endpoint };
  const url = { scheme: "service-bus", authority: "emulator", path: "", parameters, text: "service-bus:" };
  return () => provider.connect(url, { clock: systemClock });
}

test("all producers and consumers of a client share one connection", async () => {
  const { adapter, tap } = tapped;
  for (const name of ["orders", "keyed"])
    await tapped.keep(adapter.openProducer(queueOf(adapter, name))).open?.(never);
  await tapped.consume();
  await tapped.consume(sessionQueueOf(adapter, "keyed"));
  expect(tap.sockets.size).toBe(1);
});

test("a connection is shared by the adapters of one provider, and ends with the last of them", async () => {
  const { tap } = tapped;
  const connect = sharing();
  const [one, two] = [connect(), connect()];
  for (const each of [one, two]) await each.openProducer(queueOf(each)).open?.(never);
  expect(tap.sockets.size).toBe(1);
  await one.close();
  expect(tap.sockets.size).toBe(1);
  await two.openProducer(queueOf(two)).open?.(never);
  await two.close();
  await two.close();
  while (tap.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a connection that ends takes nothing of its successor with it", async () => {
  const connect = sharing();
  const one = connect();
  await one.openProducer(queueOf(one)).open?.(never);
  const ending = one.close();
  const two = tapped.keep(connect());
  const producer = two.openProducer(queueOf(two));
  const action = { kind: "delay", ms: 500 } as const;
  tapped.emulator.faults.add({ protocol: "service-bus", operation: "send", count: 1, action });
  const sending = producer.sendBatch([outgoing("m")], never);
  await ending;
  expect(valuesOf(await sending)).toHaveLength(1);
});

test("a connection that is given in is left open", async () => {
  const { tap } = tapped;
  const client = tapped.keep(rawClient(tap.endpoint));
  const own = openAdapter(tap.endpoint, { options: { client } });
  await own.openProducer(queueOf(own)).open?.(never);
  await own.close();
  await client.createSender("orders").sendMessages({ body: "still open" });
  expect(tap.sockets.size).toBe(1);
});
