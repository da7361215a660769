import { Agent as HttpAgent, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { PushRequest } from "./push-request.ts";

/** Keeps connections to push endpoints open. */
export class PushConnections {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });

  /** Posts a request and returns the status of the answer, or undefined if there was no answer. */
  post(endpoint: string, { body, headers }: PushRequest, signal: AbortSignal): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const isTls = endpoint.startsWith("https:");
    const options = {
      method: "POST",
      headers: { ...headers, "content-length": body.length },
      signal,
      agent: isTls ? this.#https : this.#http,
    };
    const request = isTls ? requestHttps(endpoint, options) : requestHttp(endpoint, options);
    request.once("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once("error", () => resolve(undefined));
    // A final answer may follow, but the service already counts this one as an acknowledgement.
    request.once("information", ({ statusCode }) => {
      if (statusCode === 102) resolve(statusCode);
    });
    request.end(body);
    return promise;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
