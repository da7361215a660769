import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";

/** A request posted to an endpoint. */
export interface PushedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface PushEndpoint {
  readonly url: string;
  readonly requests: readonly PushedRequest[];
  /** Maximum number of requests that were under way at the same time. */
  mostAtOnce(): number;
}

/** Answers with these statuses in turn, then with 204; "never" leaves a request open. Ends with the test. */
export async function startPushEndpoint(statuses: readonly (number | "never")[] = []): Promise<PushEndpoint> {
  const requests: PushedRequest[] = [];
  const toAnswer = [...statuses];
  let now = 0;
  let most = 0;
  const server = createServer((request, response) => {
    now += 1;
    most = Math.max(most, now);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const status = toAnswer.shift() ?? 204;
      now -= 1;
      if (status !== "never") response.writeHead(status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/push`, requests, mostAtOnce: () => most };
}
