import { becomes, codeOf, gotOf, later, reasonsOf, textsOf, type Got } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

const ONCE = { enableExactlyOnceDelivery: true } as const;
const INVALID = "PERMANENT_FAILURE_INVALID_ACK_ID";
const BEYOND_A_SECOND_MS = 2_500;

export const EXACTLY_ONCE_SCENARIOS: readonly Scenario[] = [
  scenario("exactly-once: an ack within the lease is confirmed", "OK", async (world) => {
    await world.pair(ONCE);
    await world.publish("a");
    return await codeOf(world.ack(await world.pull(1)));
  }),
  scenario(
    "exactly-once: a second ack is refused with its reason",
    ["INVALID_ARGUMENT", [INVALID]],
    async (world) => {
      await world.pair(ONCE);
      await world.publish("a");
      const got = await world.pull(1);
      await world.ack(got);
      return [await codeOf(world.ack(got)), await reasonsOf(world.ack(got), got)];
    },
  ),
  scenario(
    "exactly-once: an ack after the lease is refused, and the message comes again",
    [[INVALID], ["a"]],
    async (world) => {
      await world.pair(ONCE);
      await world.publish("a");
      const got = await world.pull(1);
      await world.deadline(got, 1);
      await later(BEYOND_A_SECOND_MS);
      return [await reasonsOf(world.ack(got), got), textsOf(await world.pull(1))];
    },
  ),
  scenario("exactly-once: a deadline after the lease is refused", [INVALID], async (world) => {
    await world.pair(ONCE);
    await world.publish("a");
    const got = await world.pull(1);
    await world.deadline(got, 1);
    await later(BEYOND_A_SECOND_MS);
    return await reasonsOf(world.deadline(got, 30), got);
  }),
  scenario(
    "exactly-once: of one request only the bad id fails",
    [[INVALID, "undefined"], []],
    async (world) => {
      await world.pair(ONCE);
      await world.publish("a", "b");
      const got = await world.pull(2);
      await world.ack(got.slice(0, 1));
      const reasons = await reasonsOf(world.ack(got), got);
      await later(200);
      return [reasons, textsOf(await world.pullNow())];
    },
  ),
  scenario(
    "exactly-once: the ids of a message that came again are new, and the old ones are refused",
    [true, [INVALID], "OK"],
    async (world) => {
      await world.pair(ONCE);
      await world.publish("a");
      const first = await world.pull(1);
      await world.deadline(first, 0);
      const second = await world.pull(1);
      return [
        first[0]?.ackId !== second[0]?.ackId,
        await reasonsOf(world.ack(first), first),
        await codeOf(world.ack(second)),
      ];
    },
  ),
  scenario("exactly-once: a stream confirms its acks", { acked: 1, invalid: 1 }, async (world) => {
    await world.pair(ONCE);
    await world.publish("a", "b");
    const stream = world.stream({ streamAckDeadlineSeconds: 60 });
    await becomes(() => stream.messages.length === 2);
    const [settled, open] = stream.messages.map(gotOf) as [Got, Got];
    await world.ack([settled]);
    stream.write({ ackIds: [settled.ackId, open.ackId] });
    await becomes(() => stream.responses.some(({ acknowledgeConfirmation }) => acknowledgeConfirmation));
    stream.cancel();
    const confirmations = stream.responses.flatMap(
      ({ acknowledgeConfirmation }) => acknowledgeConfirmation ?? [],
    );
    return {
      acked: confirmations.flatMap(({ ackIds }) => ackIds ?? []).length,
      invalid: confirmations.flatMap(({ invalidAckIds }) => invalidAckIds ?? []).length,
    };
  }),
];
