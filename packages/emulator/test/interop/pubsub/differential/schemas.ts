import { codeOf, type World } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

const ORDER = JSON.stringify({
  type: "record",
  name: "Order",
  fields: [{ name: "id", type: "string" }],
});

async function createSchema(world: World, definition = ORDER, schemaId = "order"): Promise<void> {
  const schema = { type: "AVRO", definition } as const;
  await world.server.schemas.createSchema({ parent: world.project, schemaId, schema }, world.options);
}

const sendCode = async (world: World, text: string): Promise<string> =>
  await codeOf(world.send([{ data: Buffer.from(text) }]));

export const SCHEMA_SCENARIOS: readonly Scenario[] = [
  scenario(
    "a schema is made once, found and deleted",
    ["OK", "ALREADY_EXISTS", "OK", "OK", "NOT_FOUND"],
    async (world) => {
      const name = { name: `${world.project}/schemas/order` };
      const { schemas } = world.server;
      return [
        await codeOf(createSchema(world)),
        await codeOf(createSchema(world)),
        await codeOf(schemas.getSchema(name, world.options)),
        await codeOf(schemas.deleteSchema(name, world.options)),
        await codeOf(schemas.getSchema(name, world.options)),
      ];
    },
  ),
  scenario(
    "a definition that is no Avro is refused",
    "INVALID_ARGUMENT",
    async (world) => await codeOf(createSchema(world, '{"type": "nonsense"}')),
  ),
  scenario(
    "a topic takes what fits its schema, and says which that was",
    ["OK", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "JSON", true],
    async (world) => {
      await createSchema(world);
      const schemaSettings = { schema: `${world.project}/schemas/order`, encoding: "JSON" } as const;
      await world.server.publisher.createTopic({ name: world.topicName(), schemaSettings }, world.options);
      await world.subscribe();
      const codes = [
        await sendCode(world, '{"id":"a"}'),
        await sendCode(world, '{"id":7}'),
        await sendCode(world, "nonsense"),
      ];
      const [got] = await world.pull(1);
      return [
        ...codes,
        got?.attributes["googclient_schemaencoding"],
        got?.attributes["googclient_schemaname"] === `${world.project}/schemas/order`,
      ];
    },
  ),
  scenario("a topic needs a schema that is there", "NOT_FOUND", async (world) => {
    const schemaSettings = { schema: `${world.project}/schemas/missing`, encoding: "JSON" } as const;
    return await codeOf(
      world.server.publisher.createTopic({ name: world.topicName(), schemaSettings }, world.options),
    );
  }),
  scenario(
    "messages are validated against a schema without being sent",
    ["OK", "INVALID_ARGUMENT"],
    async (world) => {
      await createSchema(world);
      const validate = async (text: string): Promise<string> =>
        await codeOf(
          world.server.schemas.validateMessage(
            {
              parent: world.project,
              name: `${world.project}/schemas/order`,
              message: Buffer.from(text),
              encoding: "JSON",
            },
            world.options,
          ),
        );
      return [await validate('{"id":"a"}'), await validate("{}")];
    },
  ),
];
