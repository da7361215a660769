import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test, vi } from "vitest";
import { pubsub, type PubsubOptions } from "../src/index.ts";
import { sendOne, useBusyServer } from "./busy-server.ts";
import { MAJORS, useMajor } from "./majors.ts";
import { consumerOptions, never, queue, rejection } from "./open-adapter.ts";
import { rawClient } from "./raw-sdk.ts";

const busy = useBusyServer();

/** One lookup takes four seconds; the rest is a reserve for a busy machine. */
const ONE_LOOKUP_MS = 7_500;

describe.each(MAJORS)("without credentials, release %i", (major) => {
  useMajor(major);
  const options = { clientOptions: { keyFilename: "/nonexistent/key.json" } };

  test("a start fails within 5 s, as what it is, and closing is no error", async () => {
    const adapter = busy.connect(undefined, { options });
    const startedAt = performance.now();
    const consumer = adapter.openConsumer(queue(adapter), consumerOptions());
    const errors = [
      await rejection(adapter.openProducer(queue(adapter)).open?.(never)),
      await rejection(consumer.open?.(never)),
    ];
    expect(errors.map((error) => adapter.classify(error, "open").code)).toEqual([
      "UNAUTHENTICATED",
      "UNAUTHENTICATED",
    ]);
    expect(performance.now() - startedAt).toBeLessThan(ONE_LOOKUP_MS);
    await consumer.close();
    await adapter.close();
  });

  test("a lookup that hangs is waited for once: a send, a start and an administrative call fail within 5 s", async () => {
    const hang = async (): Promise<never> => await new Promise(() => {});
    const auth = new Proxy({}, { get: (_, name) => (name === "then" ? undefined : hang) });
    const clientOptions = { auth } as NonNullable<PubsubOptions["clientOptions"]>;
    const orders = defineQueue<string>("orders", { deadLetter: "none", retry: { attempts: "unlimited" } });
    const calls: readonly ((client: QueueClient) => Promise<unknown>)[] = [
      async (client) => await client.producer(orders).send("one"),
      async (client) => await client.consumer(orders).run(() => {}),
      async (client) => await client.admin.inspect(orders),
    ];
    // Loading the SDK may take any time, and is not measured here.
    await import("@google-cloud/pubsub");
    const took = calls.map(async (call) => {
      const client = createClient(`pubsub://p?endpoint=https://${busy.server.endpoint}`, [
        pubsub({ clientOptions }),
      ]);
      const startedAt = performance.now();
      expect(await rejection(call(client))).toMatchObject({ code: "UNAUTHENTICATED" });
      const ms = performance.now() - startedAt;
      await client.close();
      return ms;
    });
    expect(Math.max(...(await Promise.all(took)))).toBeLessThan(ONE_LOOKUP_MS);
  });

  test("a lookup that ends after it was given up leaves no client behind", async () => {
    const sdk = await import("@google-cloud/pubsub");
    const closing = vi.spyOn(sdk.v1.PublisherClient.prototype, "close");
    const [looking, found] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const auth = {
      getClient: async () => ({ getRequestHeaders: async () => new Headers() }),
      getUniverseDomain: async () => {
        looking.resolve();
        return await found.promise;
      },
    };
    const clientOptions = { auth: auth as object } as NonNullable<PubsubOptions["clientOptions"]>;
    const clock = createVirtualClock();
    const adapter = busy.connect(`https://${busy.server.endpoint}`, { clock, options: { clientOptions } });
    const failed = rejection(sendOne(adapter));
    await looking.promise;
    await clock.advance(5_000);
    expect(await failed).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(closing).not.toHaveBeenCalled();
    found.resolve("googleapis.com");
    await expect.poll(() => closing.mock.calls.length).toBe(1);
  });

  test("trap: the next use looks again, although the SDK keeps its failure", async () => {
    const adapter = busy.connect(undefined, { options });
    await rejection(adapter.openProducer(queue(adapter)).open?.(never));
    const again = await rejection(adapter.openProducer(queue(adapter)).open?.(never));
    expect(adapter.classify(again, "open").code).toBe("UNAUTHENTICATED");
  });
});

describe.each(MAJORS)("credentials that were given in, release %i", (major) => {
  useMajor(major);

  test("trap: say their project to nobody in the SDK; here it is the one where no other is named", async () => {
    vi.stubEnv("GCLOUD_PROJECT", "of-the-machine");
    const auth = {
      getProjectId: async () => "of-the-credentials",
      getUniverseDomain: async () => "googleapis.com",
    };
    const clientOptions = { auth: auth as object } as NonNullable<PubsubOptions["clientOptions"]>;
    await sendOne(busy.connect(busy.server.endpoint, { project: "", options: { clientOptions } }));
    await sendOne(busy.connect(busy.server.endpoint, { project: "named", options: { clientOptions } }));
    expect(busy.server.requests("Publish").map(({ topic }) => topic)).toEqual([
      "projects/of-the-credentials/topics/orders",
      "projects/named/topics/orders",
    ]);
  });
});

describe.each(MAJORS)("closing with release %i", (major) => {
  useMajor(major);

  test("trap: asks for credentials once more in the SDK, for a client of IAM; here nothing is asked", async () => {
    let asked = 0;
    const auth = {
      getUniverseDomain: async () => {
        asked += 1;
        if (asked > 1) throw new Error("no credentials any more");
        return "googleapis.com";
      },
    };
    const clientOptions = { auth: auth as object } as NonNullable<PubsubOptions["clientOptions"]>;
    // The SDK writes its error here, and then rejects where nobody handles it.
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    const adapter = busy.connect(busy.server.endpoint, { options: { clientOptions } });
    await sendOne(adapter);
    await adapter.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([asked, written.mock.calls]).toEqual([1, []]);
  });
});

test("an emulator without a project: the error says that, and speaks of no credentials", async () => {
  const client = rawClient(busy.server.endpoint);
  vi.spyOn(client, "getClientConfig").mockImplementation(async () => await new Promise<never>(() => {}));
  const clock = createVirtualClock();
  const adapter = busy.connect(undefined, { clock, options: { client }, project: "" });
  const failed = rejection(sendOne(adapter));
  await expect.poll(() => clock.pendingTimers).toBe(1);
  await clock.advance(5_000);
  expect(await failed).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("no project is named"),
  });
  await client.close();
});
