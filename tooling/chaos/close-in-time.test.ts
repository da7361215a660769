import { createClient, defineQueue, type StandardSchemaV1 } from "@anyqueue/core";
import { startEmulator } from "@anyqueue/emulator";
import { test, type TestContext } from "vitest";
import { FaultProxy } from "./fault-proxy.ts";
import {
  addressOf,
  emulatorOptions,
  SERVICE_BUS,
  SQS,
  PUBSUB,
  stageOf,
  type StageName,
} from "./providers.ts";

/** The closes have a timeout of 0: what the core and the connections add, and a margin for a busy machine. */
const LIMIT_MS = 5_000 + 5_000;

const schema: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "anyqueue", validate: (value) => ({ value }) },
};

/** Ends with its own test, because other tests run beside it. */
async function silenceable(name: StageName, { onTestFinished }: TestContext) {
  const stage = stageOf(name);
  const { front, ordered } = stage;
  if (front === undefined) throw new Error(`${name} has no wire`);
  const emulator = await startEmulator(emulatorOptions(front, 1));
  onTestFinished(async () => await emulator.close());
  const address = addressOf(front, emulator.endpoints);
  const [host = "", port = ""] = address.split(":");
  const proxy = await FaultProxy.open({ host, port: Number(port), seed: 1 });
  onTestFinished(async () => await proxy.close());
  const queue = ordered
    ? defineQueue("closing", { schema, orderingKey: () => "k" })
    : defineQueue("closing", { schema });
  const direct = createClient(stage.url(address), [stage.provider()]);
  onTestFinished(async () => void (await direct.close()));
  await direct.admin.create(queue);
  const client = createClient(stage.url(proxy.address), [stage.provider()]);
  return { proxy, queue, client };
}

test.concurrent.for([...SQS, ...SERVICE_BUS, ...PUBSUB])(
  "a client of %s closes in its time while nothing answers, and tells what is not settled",
  async (name, context) => {
    const { expect } = context;
    const { proxy, queue, client } = await silenceable(name, context);
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const run = client.consumer(queue, { concurrency: 2 }).run(async () => {
      begun.resolve();
      await end.promise;
    });
    await client.producer(queue).send({ id: "m" });
    await begun.promise;
    proxy.mode = "blackHole";
    end.resolve();
    const sent = client
      .producer(queue)
      .send({ id: "in doubt" })
      .catch((error: unknown) => error);
    const startMs = performance.now();
    const report = await client.close({ timeout: "0ms" });
    expect(performance.now() - startMs).toBeLessThan(LIMIT_MS);
    expect(report).toEqual({ handled: 0, released: 0, unsettled: 1, abandoned: 0 });
    expect(await run).toEqual(report);
    expect(await sent).toMatchObject({ ambiguous: true });
  },
);
