import { describe, expect, test } from "vitest";
import {
  BUDGET,
  failureOf,
  PROJECT,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  topicName,
} from "../../support/running-pubsub.ts";

const PARENT = `projects/${PROJECT}`;
const NAME = `${PARENT}/schemas/order`;
const AVRO = JSON.stringify({
  type: "record",
  name: "Order",
  fields: [
    { name: "id", type: "long" },
    { name: "note", type: ["null", "string"] },
  ],
});
const WIDER = AVRO.replace('"long"', '"string"');

describe.each(PUBSUB_LIBRARIES)("schemas, with the client $version", (library) => {
  test("a schema is created, found, listed and deleted", async () => {
    const { pubsub, schemas } = await runPubsub(library);
    await pubsub.createSchema("order", "AVRO", AVRO);
    const [found] = await schemas.getSchema({ name: NAME });
    expect(found).toMatchObject({ name: NAME, type: "AVRO", definition: AVRO });
    expect(found.revisionId).toMatch(/^[0-9a-f]{8}$/);
    const [basic] = await schemas.listSchemas({ parent: PARENT });
    expect(basic).toMatchObject([{ name: NAME, definition: "" }]);
    const [full] = await schemas.listSchemas({ parent: PARENT, view: "FULL" });
    expect(full[0]?.definition).toBe(AVRO);
    await pubsub.schema("order").delete();
    expect((await failureOf(schemas.getSchema({ name: NAME }, BUDGET))).code).toBe(5);
  });

  test("revisions are committed, listed newest first, rolled back and deleted", async () => {
    const { pubsub, schemas } = await runPubsub(library);
    await pubsub.createSchema("order", "AVRO", AVRO);
    const [first] = await schemas.getSchema({ name: NAME });
    const [second] = await schemas.commitSchema({
      name: NAME,
      schema: { name: NAME, type: "AVRO", definition: WIDER },
    });
    const [third] = await schemas.rollbackSchema({ name: NAME, revisionId: first.revisionId ?? "" });
    expect(third.definition).toBe(AVRO);
    const [revisions] = await schemas.listSchemaRevisions({ name: NAME });
    expect(revisions.map(({ revisionId }) => revisionId)).toEqual(
      [third, second, first].map(({ revisionId }) => revisionId),
    );
    const [old] = await schemas.getSchema({ name: `${NAME}@${first.revisionId}` });
    expect(old.definition).toBe(AVRO);
    await schemas.deleteSchemaRevision({ name: `${NAME}@${second.revisionId}` });
    expect((await schemas.listSchemaRevisions({ name: NAME }))[0]).toHaveLength(2);
  });

  test("a definition that is not Avro is refused, and so is a protocol buffer", async () => {
    const { pubsub } = await runPubsub(library);
    const bad = await failureOf(pubsub.createSchema("order", "AVRO", '{"type":"record"}', BUDGET));
    expect(bad).toEqual({
      code: 3,
      text: "Invalid Avro schema definition: a named type has no valid name.",
    });
    const proto = 'syntax = "proto3"; message Order { int64 id = 1; }';
    const unsupported = await failureOf(pubsub.createSchema("order", "PROTOCOL_BUFFER", proto, BUDGET));
    expect(unsupported).toEqual({
      code: 12,
      text: "The emulator checks messages against Avro schemas only, not against protocol buffers.",
    });
  });

  test("definitions and messages can be validated without being kept", async () => {
    const { pubsub, schemas } = await runPubsub(library);
    const schema = { name: NAME, type: "AVRO" as const, definition: AVRO };
    await pubsub.validateSchema({ type: "AVRO", definition: AVRO });
    const validate = (message: string) =>
      schemas.validateMessage(
        { parent: PARENT, schema, message: Buffer.from(message), encoding: "JSON" },
        BUDGET,
      );
    await validate('{"id":1,"note":null}');
    expect((await failureOf(validate('{"id":"1","note":null}'))).code).toBe(3);
  });

  test("a topic with a schema takes what fits and names the schema to the subscriber", async () => {
    const running = await runPubsub(library);
    const { pubsub, publisher } = running;
    await pubsub.createSchema("order", "AVRO", AVRO);
    const topic = topicName("orders");
    await publisher.createTopic({ name: topic, schemaSettings: { schema: NAME, encoding: "JSON" } });
    const [subscription] = await pubsub.topic("orders").createSubscription("orders-sub");
    const publish = (body: string) =>
      publisher.publish({ topic, messages: [{ data: Buffer.from(body) }] }, BUDGET);
    const failure = await failureOf(publish('{"id":1}'));
    expect(failure.code).toBe(3);
    expect(failure.text).toContain("Message failed schema validation");
    await publish('{"id":1,"note":{"string":"x"}}');
    const [message] = await pullNow(running, subscription.name);
    expect(message?.attributes).toMatchObject({
      googclient_schemaencoding: "JSON",
      googclient_schemaname: NAME,
    });
  });

  test("a topic takes the binary encoding, and any revision that it allows", async () => {
    const { pubsub, publisher, schemas } = await runPubsub(library);
    await pubsub.createSchema("order", "AVRO", AVRO);
    const [first] = await schemas.getSchema({ name: NAME });
    await schemas.commitSchema({ name: NAME, schema: { name: NAME, type: "AVRO", definition: WIDER } });
    const all = { schema: NAME, encoding: "BINARY" as const };
    await publisher.createTopic({ name: topicName("all-revisions"), schemaSettings: all });
    await publisher.createTopic({
      name: topicName("first-only"),
      schemaSettings: { ...all, lastRevisionId: first.revisionId ?? "" },
    });
    // Under the first revision: id 1 and no note. Under the second: id "abc" and no note.
    const [long, text] = [Buffer.from([2, 0]), Buffer.from([6, 97, 98, 99, 0])];
    const publish = (id: string, data: Buffer) =>
      publisher.publish({ topic: topicName(id), messages: [{ data }] }, BUDGET);
    await publish("all-revisions", long);
    await publish("all-revisions", text);
    await publish("first-only", long);
    expect((await failureOf(publish("first-only", text))).code).toBe(3);
  });

  test("a topic needs a schema that is there, and keeps a mark of one that is deleted", async () => {
    const { pubsub, publisher } = await runPubsub(library);
    const topic = { name: topicName("orders"), schemaSettings: { schema: NAME, encoding: "JSON" as const } };
    expect((await failureOf(publisher.createTopic(topic, BUDGET))).code).toBe(5);
    await pubsub.createSchema("order", "AVRO", AVRO);
    await publisher.createTopic(topic);
    await pubsub.schema("order").delete();
    const [found] = await publisher.getTopic({ topic: topic.name });
    expect(found.schemaSettings?.schema).toBe("_deleted-schema_");
  });

  test("access policies are kept, guarded by their etag, and forbid nothing", async () => {
    const { pubsub, createPair } = await runPubsub(library);
    await createPair();
    const { iam } = pubsub.topic("orders");
    const [empty] = await iam.getPolicy();
    expect(empty.bindings).toEqual([]);
    const bindings = [{ role: "roles/pubsub.publisher", members: ["user:a@example.com"] }];
    await iam.setPolicy({ bindings, etag: empty.etag ?? "" });
    expect((await iam.getPolicy())[0].bindings).toMatchObject(bindings);
    const stale = await failureOf(iam.setPolicy({ bindings: [], etag: empty.etag ?? "" }, BUDGET));
    expect(stale.code).toBe(10);
    const [allowed] = await iam.testPermissions(["pubsub.topics.publish", "pubsub.topics.delete"]);
    expect(allowed).toEqual({ "pubsub.topics.publish": true, "pubsub.topics.delete": true });
    const missing = pubsub.topic("missing").iam.getPolicy(BUDGET);
    expect((await failureOf(missing)).code).toBe(5);
  });
});
