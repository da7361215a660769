import { bytes, DeadLetterError, defineQueue, defineTopic, unchecked, type Source } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { anyqueue, start, useLocalWorld, type Cloud } from "./local-world.ts";

const world = useLocalWorld();
const orders = defineQueue("orders", { codec: bytes() });

/** Connects by `ANYQUEUE_URL` from then on. */
function useProvider(cloud: Cloud): void {
  vi.stubEnv("ANYQUEUE_URL", world.urlOf(cloud));
}

/** Lets a consumer dead-letter this many messages. */
async function bury(source: Source, count: number): Promise<void> {
  let dead = 0;
  const buried = Promise.withResolvers<void>();
  const listener = {
    "dead-lettered": () => {
      dead += 1;
      if (dead === count) buried.resolve();
    },
  };
  await using client = await connect(undefined, { listener });
  const run = client.consumer(source).run(() => {
    throw new DeadLetterError("cannot be handled");
  });
  await buried.promise;
  await client.close();
  await run;
}

async function withDeadLetters(count: number): Promise<void> {
  expect((await anyqueue("create", "orders")).code).toBe(0);
  for (let id = 0; id < count; id += 1)
    expect((await anyqueue("send", "orders", `{"n":${id}}`, "--id", `o-${id}`)).code).toBe(0);
  await bury(orders, count);
}

/** Receives until nothing more comes. */
async function idsIn(...place: readonly string[]): Promise<readonly string[]> {
  const { printed } = await anyqueue("tail", ...place, "--json", "--for", "200ms");
  return printed.map((line) => String(JSON.parse(line).id)).toSorted();
}

describe.each<Cloud>(["sqs", "service-bus", "pubsub"])("on %s", (provider) => {
  beforeEach(() => useProvider(provider));

  test("some dead letters are moved back, then all others, with attempts reset", async () => {
    await withDeadLetters(3);

    expect(await anyqueue("redrive", "orders", "--max", "1")).toEqual({
      code: 0,
      printed: ["1 moved back to orders."],
      warned: "",
    });
    const { code, printed } = await anyqueue("redrive", "orders", "--json");
    expect({ code, report: JSON.parse(printed.join()) }).toEqual({ code: 0, report: { ok: true, moved: 2 } });

    const shown = await anyqueue("tail", "orders", "--json", "--max", "3");
    const messages = shown.printed.map((line) => JSON.parse(line));
    expect(messages.map(({ id, attempt }) => `${id} attempt ${attempt}`).toSorted()).toEqual([
      "o-0 attempt 1",
      "o-1 attempt 1",
      "o-2 attempt 1",
    ]);
    expect(await idsIn("orders", "--dead-letters")).toEqual([]);
  });
});

test("an emulated ttl, of which the command does not know, does not end what comes back", async () => {
  useProvider("sqs");
  const mortal = defineQueue("orders", { codec: bytes(), schema: unchecked<Uint8Array>(), emulate: ["ttl"] });
  await using client = await connect();
  await client.admin.create(mortal);
  await client.producer(mortal).send(Buffer.from("{}"), { ttl: "1h" });
  // By the queue's own policy, without a record of the death.
  const consumer = client.consumer(mortal);
  for (let left = 10; left > 0; left -= 1) {
    const [message] = await consumer.receive({ wait: "5s" });
    await message?.[Symbol.asyncDispose]();
  }
  expect(await consumer.receive()).toEqual([]);

  expect((await anyqueue("redrive", "orders")).printed).toEqual(["1 moved back to orders."]);
  const [message] = await consumer.receive({ wait: "5s" });
  await message?.ack();
  expect(JSON.stringify(message?.native)).toContain("MessageId");
  expect(JSON.stringify(message?.native)).not.toContain("aq-exp");
});

test.each<Cloud>(["service-bus", "pubsub"])(
  "on %s those of a subscription go back to it",
  async (provider) => {
    useProvider(provider);
    const topic = defineTopic("orders", { codec: bytes() });
    const mail = topic.subscription("mail");
    await using client = await connect();
    await client.admin.create(mail);
    await client.producer(topic).send(Buffer.from("{}"), { id: "o-1" });
    await bury(mail, 1);

    expect(await anyqueue("redrive", "orders", "--subscription", "mail")).toMatchObject({
      code: 0,
      printed: ["1 moved back to orders."],
    });
    const [message] = await client.consumer(mail).receive({ wait: "5s" });
    expect(message?.id).toBe("o-1");
    await message?.ack();
  },
);

describe("a dry run", () => {
  test.each<Cloud>(["sqs", "service-bus"])("on %s counts without taking a message", async (provider) => {
    useProvider(provider);
    await withDeadLetters(3);

    const all = await anyqueue("redrive", "orders", "--dry-run");
    expect(all).toEqual({
      code: 0,
      printed: ["Would move about 3 dead letters back to orders."],
      warned: "",
    });
    const some = await anyqueue("redrive", "orders", "--dry-run", "--max", "2");
    expect(some.printed).toEqual(["Would move 2 of about 3 dead letters back to orders."]);
    const { printed } = await anyqueue("redrive", "orders", "--dry-run", "--json", "--max", "2");
    expect(JSON.parse(printed.join())).toMatchObject({ wouldMove: 2, deadLettered: 3 });

    const { printed: shown } = await anyqueue("tail", "orders", "--dead-letters", "--json", "--max", "3");
    expect(shown.map((text) => JSON.parse(text).attempt)).toEqual([1, 1, 1]);
  });

  test("fails where the provider counts nothing", async () => {
    useProvider("pubsub");
    await withDeadLetters(1);

    const { code, printed, warned } = await anyqueue("redrive", "orders", "--dry-run");
    expect({ code, printed }).toEqual({ code: 1, printed: [] });
    expect(warned).toMatch(/cannot be counted.*anyqueue tail orders --dead-letters/);
  });
});

describe("a redrive that does not come to its end", () => {
  beforeEach(async () => {
    useProvider("sqs");
    await withDeadLetters(12);
  });

  async function stored(): Promise<Readonly<Record<string, readonly number[]>>> {
    const queues = await world.control.queues();
    return Object.fromEntries(
      queues.map(({ name, messages }) => [
        name,
        messages.map(({ body }) => Number(JSON.parse(body).n)).toSorted((a, b) => a - b),
      ]),
    );
  }

  const all = Array.from({ length: 12 }, (_, n) => n);

  test("by Ctrl+C gives back what was not moved", async () => {
    const { terminal, ended } = start("redrive", "orders", "--max", "12");
    terminal.stop();

    expect(await ended).toBe(1);
    expect(terminal.printed).toEqual(["10 moved back to orders."]);
    expect(terminal.warned.join()).toContain("what is left stays among the dead letters");
    const { orders: moved = [], "orders-dead": left = [] } = await stored();
    expect([moved.length, left.length]).toEqual([10, 2]);
    expect([...moved, ...left].toSorted((a, b) => a - b)).toEqual(all);
    for (const count of [2, 0])
      expect(await anyqueue("redrive", "orders")).toEqual({
        code: 0,
        printed: [`${count} moved back to orders.`],
        warned: expect.not.stringContaining("Stopped"), // it may have told its progress
      });
  });

  test("because sends are refused moves nothing, and says why", async () => {
    await world.control.addFault({ operation: "SendMessage*", action: { kind: "accessDenied" } });

    const { code, printed, warned } = await anyqueue("redrive", "orders", "--max", "12", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(printed.join())).toMatchObject({
      ok: false,
      moved: 0,
      error: { code: "ACCESS_DENIED" },
    });
    expect(warned).toMatch(/^ACCESS_DENIED: send failed.*\/orders\)/);
    expect(await stored()).toEqual({ orders: [], "orders-dead": all });
  });

  test("because no answer came leaves messages in both places, and loses none", async () => {
    await world.control.addFault({
      operation: "SendMessageBatch",
      count: 1,
      when: "after",
      action: { kind: "reset" },
    });

    const { code, warned } = await anyqueue("redrive", "orders", "--max", "12");
    expect(code).toBe(1);
    expect(warned).toContain("what was under way may be in both places");
    const { orders: moved = [], "orders-dead": left = [] } = await stored();
    expect([moved.length, left]).toEqual([10, all]);
  });
});

test("a queue that does not exist is said to be missing", async () => {
  useProvider("sqs");
  const { code, printed, warned } = await anyqueue("redrive", "orders");
  expect({ code, printed }).toEqual({ code: 1, printed: [] });
  expect(warned).toMatch(/^NOT_FOUND/);
});
