import { namedError } from "./named-error.ts";
import type { HttpReply } from "./sqs-http-handler.ts";

interface Head {
  readonly statusCode: number;
  readonly reason: string | undefined;
  /** Names in lower case; values of a repeated header are joined by commas. */
  readonly headers: Record<string, string>;
  /** How the body ends: after this many bytes, with its last chunk, or with the connection. */
  readonly body: number | "chunked" | "close";
  readonly isKeptAlive: boolean;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d{2})(?: (.*))?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const LENGTH = /^\d{1,15}$/;
const HEAD_END = "\r\n\r\n";
const MAX_HEAD_BYTES = 65_536;

/**
 * Reads one HTTP/1.1 answer (RFC 9112) from the pieces in which it arrives. Refuses whatever could be read in
 * two ways: if an answer ended elsewhere than its server meant, the next request would get a wrong answer.
 */
export class ReplyReader {
  #head: Head | undefined;
  /** What has arrived of the head, later of the body. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #chunks: Chunks | undefined;
  /** True: the connection may carry another request after this answer. */
  isKeptAlive = false;

  /** True until the whole head has arrived. */
  get isWaiting(): boolean {
    return this.#head === undefined;
  }

  /** Returns the answer if this piece completes it. @throws if it is not a valid answer, or ambiguous */
  read(piece: Buffer): HttpReply | undefined {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#head === undefined) if (!this.#readHead()) return undefined;
    const { body } = this.#head;
    if (typeof body === "number") return this.#bytes < body ? undefined : this.#end(this.#joined(), body);
    return body === "chunked" ? this.#readChunks() : undefined;
  }

  /** Returns the answer if the end of the connection completes it. */
  end(): HttpReply | undefined {
    return this.#head?.body === "close" ? this.#end(this.#joined(), this.#bytes) : undefined;
  }

  /** Returns true if a whole head was there. */
  #readHead(): boolean {
    const bytes = this.#joined();
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) throw unreadable("its head does not end");
      return false;
    }
    const head = parseHead(bytes.toString("latin1", 0, end));
    // Interim answers, such as 100 Continue, come before the answer.
    if (head.statusCode >= 200) this.#head = head;
    this.#keep(bytes.subarray(end + HEAD_END.length));
    return true;
  }

  #readChunks(): HttpReply | undefined {
    const chunks = (this.#chunks ??= new Chunks());
    if (this.#bytes < chunks.wantedBytes) return undefined;
    const bytes = this.#joined();
    const taken = chunks.take(bytes);
    this.#keep(bytes.subarray(taken));
    const body = chunks.body();
    return body && this.#end(body, body.length, bytes.length > taken);
  }

  #end(bytes: Buffer, length: number, isMore = bytes.length > length): HttpReply {
    const { statusCode, reason, headers, isKeptAlive } = this.#head!;
    // Bytes after the answer belong to no request.
    this.isKeptAlive = isKeptAlive && !isMore;
    return { statusCode, reason, headers, body: bytes.subarray(0, length) };
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#pieces);
    this.#keep(joined);
    return joined;
  }

  #keep(bytes: Buffer): void {
    this.#pieces = [bytes];
    this.#bytes = bytes.length;
  }
}

function parseHead(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const [, version, status, reason] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) throw unreadable("it does not begin with a status of HTTP/1.1");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    // Some parsers end a line at these, too. A pattern would take three times as long.
    if (line.includes("\n") || line.includes("\r")) throw unreadable("a line of its head has two ends");
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!NAME.test(name)) throw unreadable("it has a header without a name");
    const value = line.slice(colon + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  const statusCode = Number(status);
  if (statusCode === 101) throw unreadable("it changes the protocol");
  const body = bodyOf(statusCode, headers);
  const isKeptAlive = version === "1" && body !== "close" && !/\bclose\b/i.test(headers["connection"] ?? "");
  return { statusCode, reason, headers, body, isKeptAlive };
}

function bodyOf(statusCode: number, headers: Head["headers"]): Head["body"] {
  const { "transfer-encoding": encoding, "content-length": length } = headers;
  if (encoding !== undefined) {
    if (length !== undefined || encoding.toLowerCase() !== "chunked")
      throw unreadable("its length is unclear");
    return "chunked";
  }
  if (length !== undefined && !LENGTH.test(length)) throw unreadable("its length is none");
  if (statusCode === 204 || statusCode === 304) return 0;
  return length === undefined ? "close" : Number(length);
}

/** Reads chunks as they arrive, and none of them twice. */
class Chunks {
  readonly #bodies: Buffer[] = [];
  #isComplete = false;
  /** With fewer bytes than this, nothing more can be taken. */
  wantedBytes = 0;

  /** Returns undefined while chunks are missing. */
  body(): Buffer | undefined {
    return this.#isComplete ? Buffer.concat(this.#bodies) : undefined;
  }

  /** Takes the whole chunks and returns their length in bytes. @throws if they cannot be read */
  take(bytes: Buffer): number {
    let at = 0;
    for (let end = bytes.indexOf("\r\n"); end >= 0; end = bytes.indexOf("\r\n", at)) {
      const [, hex] = /^([0-9a-f]{1,8})(?:[ \t]*;.*)?$/i.exec(bytes.toString("latin1", at, end)) ?? [];
      if (hex === undefined) throw unreadable("it has a chunk without a length");
      const size = Number.parseInt(hex, 16);
      const next = size === 0 ? trailed(bytes, end) : end + 2 + size + 2;
      if (next === undefined) break;
      if (bytes.length < next) return this.#wait(at, next);
      if (size === 0) {
        this.#isComplete = true;
        return next;
      }
      if (bytes.toString("latin1", next - 2, next) !== "\r\n")
        throw unreadable("it has a chunk of another length");
      this.#bodies.push(bytes.subarray(end + 2, next - 2));
      at = next;
    }
    if (bytes.length - at > MAX_HEAD_BYTES) throw unreadable("a line between its chunks does not end");
    return this.#wait(at, bytes.length + 1);
  }

  #wait(taken: number, until: number): number {
    this.wantedBytes = until - taken;
    return taken;
  }
}

/** Finds the end of the empty line or trailers (unread) after the last chunk; undefined: not there yet. */
function trailed(bytes: Buffer, lastEnd: number): number | undefined {
  if (bytes.toString("latin1", lastEnd + 2, lastEnd + 4) === "\r\n") return lastEnd + 4;
  const end = bytes.indexOf(HEAD_END, lastEnd);
  return end < 0 ? undefined : end + HEAD_END.length;
}

/** The request arrived somewhere, so it may have been applied. */
function unreadable(why: string): Error {
  return namedError("InternalError", `the answer cannot be read: ${why}`);
}
