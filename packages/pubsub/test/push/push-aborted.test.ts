import { createServer, request as httpRequest } from "node:http";
import { once } from "node:events";
import { createHandler } from "@anyqueue/serverless";
import { expect, test } from "vitest";
import { nodePushRequests, type JsonWebKeySet } from "../../src/push.ts";
import { pushTokens } from "../../src/testing.ts";
import { collecting, orders } from "./push-bench.ts";

test("a client that goes while its token is checked frees what it held, and is reported", async () => {
  const tokens = pushTokens();
  const keys = Promise.withResolvers<JsonWebKeySet>();
  const { seen, listener } = collecting("event-refused");
  const [audience, serviceAccount] = ["a", "push@p.iam.gserviceaccount.com"];
  const source = nodePushRequests({ audience, serviceAccount, keys: () => keys.promise, maxRequests: 1 });
  const serve = createHandler(orders, source, () => {}, { listener });
  const arrived = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const answered: Promise<void>[] = [];
  const server = createServer((request, response) => {
    answered.push(serve(request, response));
    request.once("close", () => gone.resolve());
    arrived.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  const authorization = `Bearer ${tokens.sign({ audience, serviceAccount })}`;
  const client = httpRequest({ port, method: "POST", headers: { authorization, "content-length": 2 } });
  client.on("error", () => {});
  client.end("{}");
  await arrived.promise;
  client.destroy();
  await gone.promise;
  keys.resolve(tokens.keys());
  await answered[0];
  expect(seen).toMatchObject([{ error: { code: "CONNECTION_LOST" } }]);
  server.close();
});
