import type { HttpRequest } from "../src/sqs-http-handler.ts";

/** A request to a server on this machine. */
export function anyPost(port: number, protocol = "http:"): HttpRequest {
  return { protocol, hostname: "127.0.0.1", port, method: "POST", path: "/", headers: {}, body: "{}" };
}
