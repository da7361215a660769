import { codeOf, later, sortedTextsOf, textsOf, type Got, type World } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

/** Longer than a lease of one second, the shortest that a client can request. */
const BEYOND_A_SECOND_MS = 2_500;

async function sendKeyed(world: World, key: string, ...texts: readonly string[]): Promise<void> {
  await world.send(texts.map((text) => ({ data: Buffer.from(text), orderingKey: key })));
}

/** Acknowledges each message before it pulls the next one. */
async function pullOneByOne(world: World, count: number): Promise<readonly Got[]> {
  const got: Got[] = [];
  while (got.length < count) {
    const next = await world.pull(1);
    if (next.length === 0) break;
    await world.ack(next);
    got.push(...next);
  }
  return got;
}

export const DELIVERY_SCENARIOS: readonly Scenario[] = [
  scenario("a pull that does not wait may be empty", [], async (world) => {
    await world.pair();
    return await world.pullNow();
  }),
  scenario(
    "a pull asks for one message at least",
    ["INVALID_ARGUMENT", "INVALID_ARGUMENT"],
    async (world) => {
      await world.pair();
      return [await codeOf(world.pullNow(0)), await codeOf(world.pullNow(-1))];
    },
  ),
  scenario("a pull gives no more than it was asked for", [2, 1], async (world) => {
    await world.pair();
    await world.publish("a", "b", "c");
    return [(await world.pullNow(2)).length, (await world.pullNow(2)).length];
  }),
  scenario("a leased message is nobody else's", [1, 0], async (world) => {
    await world.pair();
    await world.publish("a");
    return [(await world.pull(1)).length, (await world.pullNow()).length];
  }),
  scenario("an acknowledged message does not come back", [], async (world) => {
    await world.pair();
    await world.publish("a");
    const got = await world.pull(1);
    await world.ack(got);
    await world.deadline(got, 0);
    await later(200);
    return await world.pullNow();
  }),
  scenario("a message that is given back comes at once, with another ack id", [true, true], async (world) => {
    await world.pair();
    await world.publish("a");
    const [first] = await world.pull(1);
    await world.deadline([first as Got], 0);
    const [second] = await world.pull(1);
    return [second?.id === first?.id, second?.ackId !== first?.ackId];
  }),
  scenario("a lease that runs out brings the message back", [[], ["a"]], async (world) => {
    await world.pair();
    await world.publish("a");
    await world.deadline(await world.pull(1), 1);
    const before = textsOf(await world.pullNow());
    await later(BEYOND_A_SECOND_MS);
    return [before, textsOf(await world.pull(1))];
  }),
  scenario("a lease can be lengthened", [], async (world) => {
    await world.pair();
    await world.publish("a");
    const got = await world.pull(1);
    await world.deadline(got, 1);
    await world.deadline(got, 60);
    await later(BEYOND_A_SECOND_MS);
    return await world.pullNow();
  }),
  scenario("a late ack is taken in silence", "OK", async (world) => {
    await world.pair();
    await world.publish("a");
    const got = await world.pull(1);
    await world.deadline(got, 0);
    await world.pull(1);
    return await codeOf(world.ack(got));
  }),
  scenario("a second ack is taken in silence", ["OK", "OK"], async (world) => {
    await world.pair();
    await world.publish("a");
    const got = await world.pull(1);
    return [await codeOf(world.ack(got)), await codeOf(world.ack(got))];
  }),
  scenario(
    "an ack id that nobody gave is refused",
    ["INVALID_ARGUMENT", "INVALID_ARGUMENT"],
    async (world) => {
      await world.pair();
      const nonsense = [{ ackId: "nonsense" } as Got];
      return [await codeOf(world.ack(nonsense)), await codeOf(world.deadline(nonsense, 10))];
    },
  ),
  scenario("settling needs ids", ["INVALID_ARGUMENT", "INVALID_ARGUMENT"], async (world) => {
    await world.pair();
    return [await codeOf(world.ack([])), await codeOf(world.deadline([], 10))];
  }),
  scenario(
    "a deadline is from 0 s to 600 s",
    ["INVALID_ARGUMENT", "INVALID_ARGUMENT", "OK"],
    async (world) => {
      await world.pair();
      await world.publish("a");
      const got = await world.pull(1);
      return [
        await codeOf(world.deadline(got, -1)),
        await codeOf(world.deadline(got, 601)),
        await codeOf(world.deadline(got, 600)),
      ];
    },
  ),
  scenario("without a dead-letter policy deliveries are not counted", [0, 0], async (world) => {
    await world.pair();
    await world.publish("a");
    const first = await world.pull(1);
    await world.deadline(first, 0);
    return [first[0]?.attempt, (await world.pull(1))[0]?.attempt];
  }),
  scenario(
    "with a dead-letter policy they are, and an expiry counts like a nack",
    [1, 2, 3],
    async (world) => {
      await world.topic("dead");
      const policy = { deadLetterTopic: world.topicName("dead"), maxDeliveryAttempts: 5 };
      await world.pair({ deadLetterPolicy: policy });
      await world.publish("a");
      const first = await world.pull(1);
      await world.deadline(first, 0);
      const second = await world.pull(1);
      await world.deadline(second, 1);
      await later(BEYOND_A_SECOND_MS);
      const third = await world.pull(1);
      return [first[0]?.attempt, second[0]?.attempt, third[0]?.attempt];
    },
  ),
  scenario(
    "after its last attempt a message is on the dead-letter topic and says where it comes from",
    [[], "a", "x", "5", "orders"],
    async (world) => {
      await world.topic("dead");
      await world.subscribe({}, "dead", "dead");
      const policy = { deadLetterTopic: world.topicName("dead"), maxDeliveryAttempts: 5 };
      await world.pair({ deadLetterPolicy: policy });
      await world.send([{ data: Buffer.from("a"), attributes: { kind: "x" } }]);
      for (let attempt = 1; attempt <= 5; attempt += 1) await world.deadline(await world.pull(1), 0);
      const left = textsOf(await world.pullNow());
      const [letter] = await world.pull(1, "dead");
      const { kind, CloudPubSubDeadLetterSourceDeliveryCount, CloudPubSubDeadLetterSourceSubscription } =
        letter?.attributes ?? {};
      return [
        left,
        letter?.text,
        kind,
        CloudPubSubDeadLetterSourceDeliveryCount,
        CloudPubSubDeadLetterSourceSubscription,
      ];
    },
  ),
  scenario("a retry policy holds a failed message back", [[], ["a"]], async (world) => {
    await world.pair({ retryPolicy: { minimumBackoff: { seconds: 2 }, maximumBackoff: { seconds: 2 } } });
    await world.publish("a");
    await world.deadline(await world.pull(1), 0);
    await later(500);
    return [textsOf(await world.pullNow()), textsOf(await world.pull(1))];
  }),
  scenario("messages of a key come in order", ["1", "2", "3"], async (world) => {
    await world.pair({ enableMessageOrdering: true });
    await sendKeyed(world, "k", "1", "2", "3");
    return textsOf(await pullOneByOne(world, 3));
  }),
  scenario(
    "while some of a key is leased, a pull gets none of the rest",
    [["1"], ["other"]],
    async (world) => {
      await world.pair({ enableMessageOrdering: true });
      await sendKeyed(world, "k", "1", "2");
      const first = await world.pull(1);
      await sendKeyed(world, "j", "other");
      await later(300);
      return [textsOf(first), textsOf(await world.pullNow())];
    },
  ),
  scenario(
    "what follows a failed message of its key comes again after it",
    ["1", "2", "3"],
    async (world) => {
      await world.pair({ enableMessageOrdering: true });
      await sendKeyed(world, "k", "1", "2", "3");
      await world.deadline(await world.pull(3), 0);
      return textsOf(await pullOneByOne(world, 3));
    },
  ),
  scenario(
    "even what was acknowledged comes again after a failed message before it",
    ["1", "2", "3"],
    async (world) => {
      await world.pair({ enableMessageOrdering: true });
      await sendKeyed(world, "k", "1", "2", "3");
      const first = await world.pull(3);
      await world.ack(first.slice(1));
      await world.deadline(first.slice(0, 1), 0);
      return textsOf(await pullOneByOne(world, 3));
    },
  ),
  scenario("without ordering a key means nothing", ["1", "2"], async (world) => {
    await world.pair();
    await sendKeyed(world, "k", "1", "2");
    const first = await world.pull(1);
    return sortedTextsOf([...first, ...(await world.pull(1))]);
  }),
];
