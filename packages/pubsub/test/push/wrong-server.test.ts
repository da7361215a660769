import { createHandler } from "@anyqueue/serverless";
import { expect, test } from "vitest";
import { nodePushRequests, pushRequests } from "../../src/push.ts";
import { pushRequest } from "../../src/testing.ts";
import { collecting, listen, orders, TRUSTED } from "./push-bench.ts";

const request = (): Request => pushRequest(orders, { body: { orderId: "o-1" } });

test("a source for fetch that a server of node:http calls rejects, because nobody would send its answer", async () => {
  const { seen, listener } = collecting("event-refused");
  const handler = createHandler(orders, pushRequests(TRUSTED), () => {}, { listener });
  const rejected = Promise.withResolvers<unknown>();
  const url = await listen(async (incoming, response) => {
    await handler(incoming as unknown as Request).catch(rejected.resolve);
    response.end();
  });
  await fetch(new Request(url, request()));
  expect(await rejected.promise).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("nodePushRequests()"),
  });
  expect(seen).toHaveLength(1);
});

test.each([[[]], [[{}]], [[request()]], [[{ headers: {} }, {}]]])(
  "a source for node:http that is called with %j rejects and says what it expects",
  async (args) => {
    const handler = createHandler(orders, nodePushRequests(TRUSTED), () => {});
    await expect(Reflect.apply(handler, undefined, args)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/request and response of node:http.*pushRequests\(\)/),
    });
  },
);
