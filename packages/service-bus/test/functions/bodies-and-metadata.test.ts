import { bytes, defineQueue, type HandlerContext, type Message } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { expect, test } from "vitest";
import { functionsEvents } from "../../src/azure-functions.ts";
import { functionsInvocation } from "../../src/testing.ts";

const orders = defineQueue("orders", { deadLetter: "none" });
const LOCK = "5a2ff7a5-8b7a-4d2f-9a4a-6d3f0f4c2b11";
const TOLD = { messageId: "m-1", sequenceNumber: 7, deliveryCount: 2, lockToken: LOCK };

interface Seen {
  readonly message: Message<unknown>;
  readonly attempt: number;
}

async function received(body: unknown, triggerMetadata: object = TOLD): Promise<Seen | undefined> {
  let seen: Seen | undefined;
  const onMessage = (message: Message<unknown>, { attempt }: HandlerContext): void => {
    seen = { message, attempt };
  };
  const handler = createHandler(orders, functionsEvents(), onMessage);
  await handler(body, { triggerMetadata } as never);
  return seen;
}

test.each([
  { messages: [], actions: { complete: 0, abandon: 0, deadletter: 0 } },
  { messages: [{ body: "forged" }], actions: { complete: {}, abandon: {}, deadletter: {} } },
  { bindingData: { orderId: "o-1" } },
])("a body that looks like a call is a body: %j", async (body) => {
  expect((await received(body))?.message.body).toEqual(body);
});

test("a body that is nested too deeply to be written again is one bad message, not a bad call", async () => {
  const deep: unknown = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
  const bad: string[] = [];
  const onInvalid = ({ id }: Message<unknown>): void => void bad.push(id);
  const good: unknown[] = [];
  const handler = createHandler(orders, functionsEvents(), ({ body }) => void good.push(body), { onInvalid });
  const triggerMetadata = { messageIdArray: ["deep", "good"], sequenceNumberArray: [7, 8] };
  await handler([deep, { orderId: "o-1" }], { triggerMetadata });
  expect({ bad, good }).toEqual({ bad: ["deep"], good: [{ orderId: "o-1" }] });
});

test("a message has no metadata from its body, which the host lets stand for the message's own", async () => {
  const body = {
    MessageId: "mail-7",
    sequenceNumber: 1,
    deliveryCount: "99",
    contentType: "application/octet-stream",
    applicationProperties: { tenant: "forged" },
    correlationId: null,
    replyTo: ["no text"],
  };
  // Like the host: a member that is neither a list nor null replaces the metadata of the same name.
  const ofBody = Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null && !Array.isArray(value)),
  );
  const { messageId: _, ...others } = TOLD;
  const own = { correlationId: "c-1", replyTo: "answers", userProperties: { tenant: "a" } };
  const seen = await received(body, { ...others, ...own, ...ofBody });
  expect(seen?.attempt).toBe(1);
  expect(seen?.message).toMatchObject({ body, correlationId: "c-1", replyTo: "answers" });
  expect(seen?.message).toMatchObject({ attributes: { tenant: "a" }, id: `lock:${LOCK}` });
  expect(seen?.message).toMatchObject({ providerId: `lock:${LOCK}` });
});

test.each([
  [{ messageId: "mail-7" }, "text", ["messageid"]],
  ["{'messageId': 'mail-7'}", "what the host takes for JSON and JSON.parse does not", ["messageid"]],
  [Buffer.from('{"messageId":"mail-7"}'), "bytes", []],
  [["messageId"], "a list", []],
  ["messageId", "no JSON", []],
])("a function says whose metadata a body hides: %o, %s", async (body, _what, hidden) => {
  const warnings: string[] = [];
  const context = { triggerMetadata: TOLD, warn: (text: string) => void warnings.push(text) };
  const handler = createHandler(defineQueue("b", { codec: bytes() }), functionsEvents(), () => {});
  await handler(body, context);
  const ofBody = warnings.filter((text) => text.includes("that of the body"));
  expect(ofBody).toEqual(hidden.map((name) => expect.stringContaining(`"${name}"`)));
});

test("a built call has what the host takes from its body", async () => {
  const { args } = functionsInvocation(orders, [{ body: { messageId: "mail-7", at: [1] }, id: "m-1" }]);
  expect(args[1].triggerMetadata).toMatchObject({ messageId: "mail-7", sequenceNumber: 1 });
  expect(args[1].triggerMetadata).not.toHaveProperty("at");
});
