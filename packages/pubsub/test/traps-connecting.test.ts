import type { ConsumerDriver } from "@anyqueue/core/adapter";
import { v1 } from "@google-cloud/pubsub";
import { describe, expect, test, vi } from "vitest";
import { sendOne, useBusyServer } from "./busy-server.ts";
import { MAJORS, useMajor } from "./majors.ts";
import { consumerOptions, never, openAdapter, queue, rejection } from "./open-adapter.ts";
import { rawClient, rawSubscriber, selfSigned } from "./raw-sdk.ts";
import { until } from "./scripted-server.ts";

// Each test first shows a trap with Google's own client, then that the adapter does not fall into it.

const busy = useBusyServer();

describe("an endpoint that is not Google's", () => {
  test("trap: is an emulator to the SDK, without TLS and without credentials", async () => {
    const raw = rawClient("pubsub.example.com:443");
    expect(raw.isEmulator).toBe(true);
    await raw.close();
    const { PubSub } = await import("@google-cloud/pubsub");
    expect(new PubSub({ projectId: "p", apiEndpoint: "psc.example.com:443" }).isEmulator).toBe(true);
  });

  test.each(MAJORS)("is spoken to over TLS here if it is https (release %i)", async () => {
    const clientOptions = { credentials: selfSigned() };
    const adapter = busy.connect(`https://${busy.server.endpoint}`, { options: { clientOptions } });
    const error = await rejection(sendOne(adapter));
    expect(adapter.classify(error, "send")).toMatchObject({ retryable: true });
    expect(busy.server.calls).toEqual([]);
  });

  test("is refused here if it is plaintext and on another machine", () => {
    expect(() => openAdapter("pubsub.example.com:8085")).toThrow(/INVALID_ARGUMENT.*not encrypted/);
  });
});

describe("PUBSUB_EMULATOR_HOST", () => {
  test("trap: is unknown to a generated client of the SDK", async () => {
    vi.stubEnv("PUBSUB_EMULATOR_HOST", busy.server.endpoint);
    const bare = new v1.SubscriberClient({ projectId: "p" });
    expect(bare.apiEndpoint).toBe("pubsub.googleapis.com");
  });

  describe.each(MAJORS)("with release %i", (major) => {
    useMajor(major);

    test("is heeded here, for sending and for receiving", async () => {
      vi.stubEnv("PUBSUB_EMULATOR_HOST", busy.server.endpoint);
      const adapter = busy.connect(undefined);
      await sendOne(adapter);
      const consumer = adapter.openConsumer(queue(adapter), consumerOptions());
      await consumer.open?.(never);
      expect([busy.server.count("Publish"), busy.server.streams.length]).toEqual([1, 1]);
      await consumer.close();
    });

    test("does not move a connection that names its endpoint", async () => {
      vi.stubEnv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1");
      await sendOne(busy.connect(busy.server.endpoint));
      expect(busy.server.count("Publish")).toBe(1);
    });

    test("on another machine is refused unless the URL allows plaintext", async () => {
      vi.stubEnv("PUBSUB_EMULATOR_HOST", "pubsub.example.com:8085");
      expect(await rejection(sendOne(busy.connect(undefined)))).toMatchObject({
        code: "INVALID_ARGUMENT",
        // Not the URL: that names no endpoint.
        message: expect.stringMatching(/example\.com:8085" of PUBSUB_EMULATOR_HOST .*plaintext=allow/u),
      });
    });
  });
});

test("trap: the SDK takes an IPv6 address apart; here it is called as it stands", async () => {
  const raw = rawClient("[::1]:8085");
  expect(raw.options.servicePath).toBe("[");
  await raw.close();
  const adapter = busy.connect("[::1]:1");
  expect(String(await rejection(sendOne(adapter)))).toContain("::1");
});

describe("more than a hundred streams", () => {
  const COUNT = 120;

  test("trap: do not fit on the one connection of an SDK client, and say nothing", async () => {
    const subscriber = await rawSubscriber(busy.server.endpoint);
    await subscriber.initialize();
    const streams = Array.from({ length: COUNT }, (_, index) => {
      const stream = subscriber.streamingPull();
      stream.on("error", () => {});
      stream.write({ subscription: `projects/p/subscriptions/s-${index}` });
      return stream;
    });
    await until(() => busy.server.streams.length === 100);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(busy.server.streams).toHaveLength(100);
    for (const stream of streams) stream.cancel();
    await subscriber.close();
  });

  test("have connections of their own here, and leave room for acknowledgements", async () => {
    const adapter = busy.connect(busy.server.endpoint);
    const consumers: ConsumerDriver<unknown>[] = [];
    for (let index = 0; index < COUNT; index += 1)
      consumers.push(adapter.openConsumer(queue(adapter, `subscription-${index}`), consumerOptions()));
    await Promise.all(consumers.map(async (consumer) => await consumer.open?.(never)));
    expect(busy.server.streams).toHaveLength(COUNT);
    await Promise.all(consumers.map(async (consumer) => await consumer.close()));
  });
});

test("a client that was given in brings its endpoint and stays open", async () => {
  const client = rawClient(busy.server.endpoint);
  const adapter = busy.connect(undefined, { options: { client } });
  await sendOne(adapter);
  await adapter.close();
  expect(busy.server.count("Publish")).toBe(1);
  expect(await client.topic("orders").publishMessage({ data: Buffer.from("x") })).toBe("m-0");
  await client.close();
});

test("a client of another copy of the SDK is refused with the way out", async () => {
  const other = await import("@google-cloud/pubsub-5");
  const client = new other.PubSub({ projectId: "p", apiEndpoint: busy.server.endpoint, emulatorMode: true });
  // @ts-expect-error -- the types of two releases differ as their classes do
  const adapter = busy.connect(undefined, { options: { client } });
  expect(await rejection(sendOne(adapter))).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("another copy"),
  });
});

describe("a consumer of a server that is not there", () => {
  test("trap: hears nothing from the SDK, for five minutes", async () => {
    busy.server.close();
    const subscription = rawClient(busy.server.endpoint).subscription("orders");
    const failed = new Promise((resolve) => subscription.once("error", resolve));
    subscription.on("message", () => {});
    const pending = new Promise((resolve) => setTimeout(resolve, 600, "pending"));
    expect(await Promise.race([failed, pending])).toBe("pending");
    await subscription.close();
  });

  test("hears of it here when it starts, within 5 s", async () => {
    busy.server.close();
    const adapter = openAdapter(busy.server.endpoint);
    const consumer = adapter.openConsumer(queue(adapter), consumerOptions());
    const startedAt = performance.now();
    const error = await rejection(consumer.open?.(never));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(adapter.classify(error, "open")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
    await adapter.close();
  });
});
