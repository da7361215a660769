import { describe, expect, test, vi } from "vitest";
import { anyqueue, useLocalWorld, type Cloud } from "./local-world.ts";

const world = useLocalWorld();

describe.each<Cloud>(["sqs", "service-bus", "pubsub"])("on %s", (provider) => {
  test("create, send and tail follow each other as somebody new types them", async () => {
    vi.stubEnv("ANYQUEUE_URL", world.urlOf(provider));

    const early = await anyqueue("send", "orders", "{}");
    expect(early.code).toBe(1);
    expect(early.warned).toMatch(/NOT_FOUND.*anyqueue create/s);

    expect(await anyqueue("create", "orders")).toEqual({
      code: 0,
      printed: ["orders exists with its dead letters."],
      warned: "",
    });
    expect(await anyqueue("send", "orders", '{"a":1}', "--id", "o-1")).toMatchObject({
      code: 0,
      printed: ["o-1"],
    });
    const { code, printed } = await anyqueue("tail", "orders", "--json", "--max", "1");
    expect(code).toBe(0);
    expect(printed.map((line) => JSON.parse(line))).toMatchObject([{ id: "o-1", body: { a: 1 } }]);
    const dead = await anyqueue("tail", "orders", "--dead-letters", "--for", "100ms");
    expect(dead).toMatchObject({ code: 0, printed: [] });
  });

  test("an ordered queue takes messages with a key", async () => {
    vi.stubEnv("ANYQUEUE_URL", world.urlOf(provider));

    expect((await anyqueue("create", "orders", "--ordered")).code).toBe(0);

    expect((await anyqueue("send", "orders", "{}", "--key", "k", "--id", "o-1")).code).toBe(0);
    const { printed } = await anyqueue("tail", "orders", "--ordered", "--json", "--max", "1");
    expect(JSON.parse(printed.join())).toMatchObject({ id: "o-1", orderingKey: "k" });
  });

  test("more attempts than the service makes deliveries are refused, and nothing is made", async () => {
    const max = { sqs: 1_000, "service-bus": 2_000, pubsub: 100 }[provider];
    const flags = ["orders", "--url", world.urlOf(provider)];

    const { code, warned } = await anyqueue("create", ...flags, "--attempts", String(max + 1));
    expect(code).toBe(1);
    expect(warned).toMatch(/^INVALID_ARGUMENT/);
    expect(warned).toContain(`${max + 1} attempts, but the service dead-letters after ${max} deliveries`);
    expect((await anyqueue("send", "orders", "{}", "--url", world.urlOf(provider))).warned).toMatch(
      /^NOT_FOUND/,
    );

    expect((await anyqueue("create", ...flags, "--attempts", String(max))).code).toBe(0);
    expect((await anyqueue("create", ...flags, "--attempts", String(max))).code).toBe(0);
  });

  test("again it changes nothing, and other settings are refused", async () => {
    const flags = ["orders", "--url", world.urlOf(provider)];

    expect((await anyqueue("create", ...flags)).code).toBe(0);
    expect((await anyqueue("create", ...flags)).code).toBe(0);

    const other = await anyqueue("create", ...flags, "--lease", "90s");
    expect(other.code).toBe(1);
    expect(other.warned).toMatch(/^ALREADY_EXISTS/);
  });
});

test("on SQS, an ordered queue that is addressed as a standard one is told apart", async () => {
  vi.stubEnv("ANYQUEUE_URL", world.urlOf("sqs"));
  await anyqueue("create", "orders", "--ordered");
  for (const [command = "", ...rest] of [
    ["send", "orders", "{}"],
    ["tail", "orders"],
    ["redrive", "orders"],
  ]) {
    const { code, warned } = await anyqueue(command, ...rest);
    expect(code).toBe(1);
    expect(warned).toMatch(/NOT_FOUND.*FIFO queue "orders(?:-dead)?\.fifo" exists: .*--key or --ordered/s);
  }

  await anyqueue("create", "jobs");
  expect((await anyqueue("send", "jobs", "{}", "--key", "k")).warned).toContain(
    'standard queue "jobs" exists',
  );
});

test("flags become settings of the queue", async () => {
  const flags = ["--attempts", "7", "--lease", "45s", "--url", world.urlOf("sqs")];

  await anyqueue("create", "orders", ...flags);

  const [queue] = (await world.control.queues()).filter(({ name }) => name === "orders");
  const { VisibilityTimeout, RedrivePolicy } = queue?.attributes ?? {};
  expect(VisibilityTimeout).toBe("45");
  expect(JSON.parse(RedrivePolicy ?? "")).toMatchObject({
    deadLetterTargetArn: expect.stringMatching(/:orders-dead$/),
    maxReceiveCount: 14,
  });
});

test("without dead letters there are none", async () => {
  const { printed } = await anyqueue("create", "orders", "--no-dead-letters", "--url", world.urlOf("sqs"));

  expect(printed).toEqual(["orders exists."]);
  expect((await world.control.queues()).map(({ name }) => name)).toEqual(["orders"]);
});

test("a queue of a real name gets dead letters named after it", async () => {
  const flags = ["--deduplicating", "--url", world.urlOf("sqs")];

  expect(await anyqueue("create", "orders.fifo", ...flags)).toMatchObject({ code: 0, warned: "" });

  expect((await world.control.queues()).map(({ name }) => name).toSorted()).toEqual([
    "orders-dead.fifo",
    "orders.fifo",
  ]);
});
