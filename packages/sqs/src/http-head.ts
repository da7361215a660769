import type { Origin } from "./http-connections.ts";
import type { HttpRequest } from "./sqs-http-handler.ts";

/** A request whose head is already rendered. */
export interface WrittenRequest extends Origin {
  readonly head: string;
  readonly body: string | Uint8Array;
}

/**
 * Renders what goes before the body of a request.
 *
 * @throws ERR_INVALID_CHAR for characters that HTTP does not allow, which could start another header
 */
export function headOf(request: HttpRequest, body: string | Uint8Array): string {
  const { method, hostname, port, headers } = request;
  let fields = "";
  let texts = "";
  let hasHost = false;
  let hasLength = false;
  for (const [name, value] of Object.entries(headers)) {
    fields += `${name}: ${value}\r\n`;
    texts += name + value;
    hasHost ||= /^host$/i.test(name);
    hasLength ||= /^content-length$/i.test(name);
  }
  const target = request.path + queryOf(request.query);
  if (ILLEGAL_IN_HEADER.test(texts) || ILLEGAL_IN_TARGET.test(target)) {
    const error = new TypeError("a header or the path has a character that HTTP does not allow");
    throw Object.assign(error, { code: "ERR_INVALID_CHAR" });
  }
  if (!hasHost) fields += `host: ${hostname}${port === undefined ? "" : `:${port}`}\r\n`;
  if (!hasLength) fields += `content-length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${target} HTTP/1.1\r\n${fields}connection: keep-alive\r\n\r\n`;
}

/* oxlint-disable-next-line no-control-regex -- the characters in question */
const ILLEGAL_IN_HEADER = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const ILLEGAL_IN_TARGET = /[^\u0021-\u007e]/;

function queryOf(query: HttpRequest["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) =>
      [name, one ?? ""].map(encodeURIComponent).join("="),
    ),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
