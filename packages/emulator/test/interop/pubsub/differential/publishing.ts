import { codeOf, sortedTextsOf, type World } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

const A = Buffer.from("a");

async function sendCode(world: World, message: object): Promise<string> {
  return await codeOf(world.send([message]));
}

export const PUBLISHING_SCENARIOS: readonly Scenario[] = [
  scenario("a publish needs its topic", "NOT_FOUND", async (world) => await sendCode(world, { data: A })),
  scenario("every message gets an id, decimal and rising", [3, true, true], async (world) => {
    await world.topic();
    const ids = await world.publish("a", "b", "c");
    const numbers = ids.map(Number);
    const areDecimal = ids.every((id) => /^\d+$/.test(id));
    return [ids.length, areDecimal, numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? n))];
  }),
  scenario(
    "a message needs data or an attribute",
    { nothing: "INVALID_ARGUMENT", key: "INVALID_ARGUMENT", attribute: "OK", data: "OK" },
    async (world) => {
      await world.topic();
      return {
        nothing: await sendCode(world, {}),
        key: await sendCode(world, { orderingKey: "k" }),
        attribute: await sendCode(world, { attributes: { a: "b" } }),
        data: await sendCode(world, { data: A }),
      };
    },
  ),
  scenario("a publish needs messages", "INVALID_ARGUMENT", async (world) => {
    await world.topic();
    return await codeOf(world.send([]));
  }),
  scenario("a publish has at most a thousand messages", ["OK", "INVALID_ARGUMENT"], async (world) => {
    await world.topic();
    const many = (count: number): object[] => Array.from({ length: count }, () => ({ data: A }));
    return [await codeOf(world.send(many(1_000))), await codeOf(world.send(many(1_001)))];
  }),
  scenario(
    "attributes have their limits",
    {
      name: "INVALID_ARGUMENT",
      value: "INVALID_ARGUMENT",
      count: "INVALID_ARGUMENT",
      empty: "INVALID_ARGUMENT",
      reserved: "INVALID_ARGUMENT",
      largest: "OK",
      emptyValue: "OK",
    },
    async (world) => {
      await world.topic();
      const withAttributes = (attributes: object): Promise<string> =>
        sendCode(world, { data: A, attributes });
      return {
        name: await withAttributes({ ["n".repeat(257)]: "x" }),
        value: await withAttributes({ a: "v".repeat(1_025) }),
        count: await withAttributes(
          Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`a${n}`, "x"])),
        ),
        empty: await withAttributes({ "": "x" }),
        reserved: await withAttributes({ googx: "x" }),
        largest: await withAttributes({ ["n".repeat(256)]: "v".repeat(1_024) }),
        emptyValue: await withAttributes({ a: "" }),
      };
    },
  ),
  scenario("an ordering key has at most 1,024 bytes", ["OK", "INVALID_ARGUMENT"], async (world) => {
    await world.topic();
    return [
      await sendCode(world, { data: A, orderingKey: "k".repeat(1_024) }),
      await sendCode(world, { data: A, orderingKey: "k".repeat(1_025) }),
    ];
  }),
  scenario("a message has at most ten megabytes", ["OK", "INVALID_ARGUMENT"], async (world) => {
    await world.topic();
    return [
      await sendCode(world, { data: Buffer.alloc(9_990_000) }),
      await sendCode(world, { data: Buffer.alloc(10_000_001) }),
    ];
  }),
  scenario("one bad message refuses its whole request", ["INVALID_ARGUMENT", []], async (world) => {
    await world.pair();
    const code = await codeOf(world.send([{ data: A }, {}]));
    return [code, sortedTextsOf(await world.pullNow())];
  }),
  scenario(
    "a message arrives as it was sent",
    ["a", { tenant: "acme", empty: "" }, "", true],
    async (world) => {
      await world.pair();
      const [id] = await world.send([{ data: A, attributes: { tenant: "acme", empty: "" } }]);
      const [got] = await world.pull(1);
      return [got?.text, got?.attributes, got?.key, got?.id === id];
    },
  ),
  scenario(
    "every subscription gets a copy, and none of what came before it",
    [["a", "b"], ["b"]],
    async (world) => {
      await world.pair();
      await world.publish("a");
      await world.subscribe({}, "late");
      await world.publish("b");
      return [sortedTextsOf(await world.pull(2)), sortedTextsOf(await world.pull(1, "late"))];
    },
  ),
  scenario("a filter lets through what it matches", ["1", "3"], async (world) => {
    await world.pair({ filter: 'attributes.kind = "a" AND NOT hasPrefix(attributes.to, "x")' });
    const messages = [
      { data: Buffer.from("1"), attributes: { kind: "a", to: "y" } },
      { data: Buffer.from("2"), attributes: { kind: "a", to: "xy" } },
      { data: Buffer.from("3"), attributes: { kind: "a" } },
      { data: Buffer.from("4"), attributes: { kind: "b", to: "y" } },
      { data: Buffer.from("5") },
    ];
    await world.send(messages);
    return sortedTextsOf(await world.pull(2));
  }),
];
