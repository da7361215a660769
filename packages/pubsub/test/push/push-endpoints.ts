import type { IncomingMessage, ServerResponse } from "node:http";
import type { PubsubCloudEvent, PushedEnvelope } from "../../src/push.ts";

/** The handler of a server of `node:http`. */
export type Endpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A server with `Request` and `Response`, like Hono, Next.js and Deno. */
export function fetchEndpoint(handler: (request: Request) => Promise<Response>): Endpoint {
  return async (request, response) => {
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const answer = await handler(
      new Request("http://127.0.0.1/", { method: "POST", headers, body: await bodyOf(request) }),
    );
    response.writeHead(answer.status).end(await answer.text());
  };
}

/** A function's trigger: takes the push, and calls with a CloudEvent, which has no delivery attempt. */
export function eventEndpoint(handler: (event: PubsubCloudEvent) => Promise<void>): Endpoint {
  return async (request, response) => {
    const envelope: PushedEnvelope = JSON.parse(await bodyOf(request));
    const { deliveryAttempt: _, ...data } = envelope;
    const event = { type: "google.cloud.pubsub.topic.v1.messagePublished", data };
    await handler(event).then(
      () => response.writeHead(204).end(),
      () => response.writeHead(500).end(),
    );
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
