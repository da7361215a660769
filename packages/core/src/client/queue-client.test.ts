import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import { FakeService, type FakeServiceOptions } from "../../test/fake-provider.ts";
import { isQueueError, type QueueError } from "../errors/queue-error.ts";
import { deadLetters, defineQueue, defineTopic, unchecked } from "../message/queue-definition.ts";
import type { ClientOptions } from "./client-types.ts";
import type { Provider } from "./provider.ts";
import { createClient } from "./queue-client.ts";

const orders = defineQueue<{ id: string }>("orders");

function bench(options: FakeServiceOptions = {}, config: object = {}, client: ClientOptions = {}) {
  const service = new FakeService(options);
  return { service, client: createClient({ url: "fake://here", ...config }, [service.provider], client) };
}

function refusal(act: () => unknown): QueueError {
  try {
    act();
  } catch (error) {
    if (isQueueError(error)) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("createClient refuses", () => {
  test.each<[string, string[]]>([
    [
      "sqs://eu-west-1",
      [
        "no provider for sqs://eu-west-1; given: fake",
        "npm install @anyqueue/sqs @aws-sdk/client-sqs",
        "createClient(config, [sqs()])",
      ],
    ],
    [
      "service-bus://ns",
      ["npm install @anyqueue/service-bus @azure/service-bus @azure/identity", "serviceBus"],
    ],
    ["memory:", ["npm install @anyqueue/memory`"]],
    ["fkae://x", ['Did you mean "fake:"?']],
    ["carrier-pigeon:", ["pass a provider with this scheme"]],
  ])("%s without its provider, naming the package", (url, parts) => {
    const error = refusal(() => createClient(url, [new FakeService().provider]));
    expect(error.code).toBe("INVALID_ARGUMENT");
    for (const part of parts) expect(error.message).toContain(part);
  });

  test("a queue's own URL without its provider", () => {
    const config = { queues: { legacy: { url: "sqs://eu-west-1/old" } } };
    expect(refusal(() => bench({}, config)).message).toContain("@anyqueue/sqs");
  });

  test.each<[unknown, string]>([
    [{ listner: {} }, 'did you mean "listener"?'],
    [{ send: { timeout: 5 } }, "options.send.timeout"],
    [{ send: null }, "options.send: expected an object, got null"],
    [{ send: { retryAmbiguous: "sometimes" } }, "never, ifDeduplicated, always"],
    [{ send: { maxBufferedBytes: 0 } }, "maxBufferedBytes"],
    [{ send: { tiemout: "5s" } }, 'did you mean "timeout"?'],
    [{ middleware: {} }, "options.middleware: expected an array"],
    [{ send: { timeout: "0s" } }, "options.send.timeout: expected more than 0"],
    [{ middleware: [{ name: "m", send: true }] }, "options.middleware[0].send: expected a function"],
    [{ middleware: [() => {}] }, "options.middleware[0]"],
    [{ middleware: [{ name: "m", handler: () => {} }] }, 'did you mean "handle"?'],
    ["options", "options: expected an object, got string"],
  ])("the options %j", (options, text) => {
    expect(refusal(() => bench({}, {}, options as ClientOptions)).message).toContain(text);
  });

  const { provider } = new FakeService();
  const memory = (): Provider => provider;
  test.each([
    [[memory], "providers[0]: expected a provider, got the function memory. Call it: [memory()]."],
    [[provider, () => provider], "providers[1]: expected a provider, got the function memory. Call it: "],
    [memory, "expected a list of providers, got the function memory. Call it: [memory()]."],
    [provider, "expected a list of providers, got one alone. Put it into brackets: [memory()]."],
    [undefined, "expected a list of providers, got undefined. Give what the function of a provider returns"],
    [{}, "expected a list of providers, got object"],
    [[undefined], "providers[0]: expected a provider, got undefined. Give what"],
    [["sqs"], "providers[0]: expected a provider, got string"],
    [[[provider]], "providers[0]: expected a provider, got array"],
    [[{ ...provider, connect: "no" }], "providers[0]: expected a provider, got object"],
    // The second would be ignored, and its messages would go to the place of the first.
    [[provider, { ...provider }], 'providers[1]: a second provider of "fake:". Give one for each scheme'],
  ])("the providers %j", (providers, text) => {
    const { code, message } = refusal(() => createClient("fake:", providers as never));
    expect([code, message]).toEqual(["INVALID_ARGUMENT", expect.stringContaining(text)]);
  });
});

test("queues on one URL share one connection, queues on another have their own", () => {
  const { service, client } = bench(
    {},
    { queues: { far: { url: "fake://there?a=1&b=2" }, near: { url: "fake://there?b=2&a=1" } } },
  );
  for (let index = 0; index < 20; index += 1) client.producer(defineQueue(`q${index}`));
  client.producer(defineQueue("far"));
  client.producer(defineQueue("near"));
  expect(service.log).toEqual(["connect here", "connect there"]);
});

test("the same definition has the same producer, another definition another", () => {
  const { client } = bench();
  expect(client.producer(orders)).toBe(client.producer(orders));
  expect(client.producer(orders)).not.toBe(client.producer(defineQueue("orders")));
  const consumer = client.consumer(orders);
  expect(consumer).not.toBe(client.consumer(orders));
});

test("a queue that is defined anew for each send is told at its hundredth producer", () => {
  const texts: string[] = [];
  const { client } = bench({}, {}, { listener: { notice: ({ text }) => void texts.push(text) } });
  for (let count = 0; count < 120; count += 1) {
    client.producer(defineQueue("each"));
    client.producer(defineQueue(`other-${count}`));
    client.producer(orders);
  }
  expect(texts).toEqual([expect.stringMatching(/^100 producers of "each" .* define a queue once/u)]);
});

describe("with types erased", () => {
  const needy = defineQueue("reminders", { schema: unchecked<string>(), needs: ["delay"] });

  test("a need that the provider cannot meet is UNSUPPORTED with feature and remedy, at once", () => {
    const { client } = bench();
    for (const make of [() => client.producer(needy), () => client.consumer(needy)]) {
      const error = refusal(make);
      expect(isQueueError(error, "UNSUPPORTED") && error.feature).toBe("delay");
      expect(error.remedy).toContain("emulate");
      expect(error.target).toBe("fake://here/reminders");
    }
  });

  test("several are one error", () => {
    const two = defineQueue("two", { schema: unchecked<string>(), needs: ["delay", "deduplication"] });
    const error = refusal(() => bench().client.producer(two));
    expect(isQueueError(error, "UNSUPPORTED") && error.feature).toBe("delay");
    expect(error.message).toContain("deduplication");
  });

  test("what the core may emulate is accepted", () => {
    const soft = defineQueue("soft", { schema: unchecked<string>(), needs: ["delay"], emulate: ["delay"] });
    expect(() => bench().client.producer(soft)).not.toThrow();
  });

  test("definitions of the wrong kind are refused", () => {
    const { client } = bench();
    const placed = defineTopic("placed");
    expect(refusal(() => client.consumer(placed as never)).message).toContain("subscription");
    expect(refusal(() => client.producer(placed.subscription("s") as never)).message).toContain(
      "is a subscription",
    );
    expect(refusal(() => client.producer(deadLetters(orders) as never)).message).toContain(
      "is a dead-letter",
    );
    expect(refusal(() => client.producer({ kind: "queue", name: "q" })).message).toContain(
      "expected a definition",
    );
    expect(refusal(() => client.consumer(orders, { concurency: 1 } as never)).message).toContain(
      '"concurrency"',
    );
  });
});

test("what is sent arrives, through the middleware of the client", async () => {
  const { service, client } = bench(
    {},
    { prefix: "dev-" },
    {
      middleware: [
        {
          name: "tag",
          send: async (draft, next) =>
            await next({ ...draft, attributes: { ...draft.attributes, tag: "1" } }),
        },
      ],
    },
  );
  await client.producer(orders).send({ id: "o-1" });
  expect(service.messages("dev-orders")[0]?.message.attributes).toEqual({ tag: "1" });
  await client.close();
});

describe("verify", () => {
  test("resolves if all is well and lists every fault of every definition in one error", async () => {
    const missing = new FakeServiceError({ code: "NOT_FOUND", retryable: false });
    const denied = new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
    const { client } = bench({
      openErrors: {
        "producer a": missing,
        "consumer a": missing,
        "producer b": denied,
        "consumer b": denied,
      },
    });
    await client.verify(orders);
    const error: unknown = await client
      .verify(defineQueue("a"), orders, defineQueue("b"))
      .catch((thrown: unknown) => thrown);
    expect(isQueueError(error, "NOT_FOUND") && error.message).toContain("verify found 2 faults");
    expect(String(error)).toContain("ACCESS_DENIED");
    expect(String(error)).toMatch(/\.\n2 in all\. Correct each of them\.$/u);
    await expect(client.verify(defineQueue("b"))).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      target: "fake://here/b",
    });
  });
});

test("tells its providers the prefix of its names", () => {
  const { provider } = bench().service;
  const prefixes: unknown[] = [];
  const telling = {
    ...provider,
    connect: (...args: Parameters<typeof provider.connect>) => {
      prefixes.push(args[1].prefix);
      return provider.connect(...args);
    },
  };
  createClient({ url: "fake://one", prefix: "dev-" }, [telling]);
  createClient("fake://one", [telling]);
  expect(prefixes).toEqual(["dev-", ""]);
});

describe("close", () => {
  test("closes consumers, then producers, then connections; once", async () => {
    const { service, client } = bench();
    await client.producer(orders).send({ id: "o-1" });
    expect(await client.close()).toEqual({ handled: 0, released: 0, unsettled: 0, abandoned: 0 });
    await client.close();
    expect(service.log.filter((line) => line.startsWith("close"))).toEqual([
      "close producer orders",
      "close here",
    ]);
  });

  test("closes a loaded administration, and every step runs although one fails", async () => {
    const { service, client } = bench();
    await client.admin.create(orders);
    const { provider } = service;
    const failing = {
      ...provider,
      connect: (...args: Parameters<typeof provider.connect>) => ({
        ...provider.connect(...args),
        close: async () => await Promise.reject(new Error("socket stuck")),
      }),
    };
    const broken = createClient("fake://one", [failing]);
    await broken.admin.create(orders);
    await expect(broken.close()).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("socket stuck"),
    });
    await client.close();
    expect(service.log.filter((line) => line === "close admin")).toHaveLength(2);
  });

  test("afterwards everything is CLOSED, and health says that it is not ready", async () => {
    const { client } = bench();
    expect(client.health()).toEqual({ live: true, ready: true, reasons: [] });
    await client[Symbol.asyncDispose]();
    expect(refusal(() => client.producer(orders)).code).toBe("CLOSED");
    expect(refusal(() => client.consumer(orders)).code).toBe("CLOSED");
    await expect(client.verify(orders)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(client.admin.inspect(orders)).rejects.toMatchObject({ code: "CLOSED" });
    expect(client.health()).toMatchObject({ ready: false, reasons: ["the client is closing"] });
  });

  test("drains a consumer that runs, knows one that was closed no more, and starts none afterwards", async () => {
    const { client, service } = bench();
    const [first, second, late] = [client.consumer(orders), client.consumer(orders), client.consumer(orders)];
    const runs = [first.run(() => {}), second.run(() => {})];
    const health = vi.spyOn(first, "health");
    client.health();
    expect(health).toHaveBeenCalledTimes(1);
    await first.close();
    client.health();
    expect(health).toHaveBeenCalledTimes(1);
    await client.close();
    expect(await Promise.all(runs)).toMatchObject([{ abandoned: 0 }, { abandoned: 0 }]);
    expect(service.log.at(-1)).toBe("close here");
    await expect(late.run(() => {})).rejects.toMatchObject({ code: "CLOSED" });
    await expect(late.receive()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

test("an older Node.js is refused at once, not in the middle of a consumer", () => {
  const { withResolvers } = Promise;
  Reflect.deleteProperty(Promise, "withResolvers");
  onTestFinished(() => void Object.assign(Promise, { withResolvers }));
  const error = refusal(() => bench());
  expect(error.code).toBe("UNSUPPORTED");
  expect(error.message).toContain(`Node.js ${process.versions.node} is too old. Use Node.js 22.12 or newer.`);
});
