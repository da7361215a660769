import type { IncomingMessage } from "node:http";
import { QueueError, queueError, systemClock } from "@anyqueue/core/adapter";
import { invalid } from "./refusal.ts";

/** A request of Node's server: as it is, or read and passed on by Express or the functions framework. */
export interface NodePushRequest extends IncomingMessage {
  /** The raw bytes, if the functions framework has read them. */
  readonly rawBody?: unknown;
  /** What a body parser made of the bytes: bytes, text or an object. */
  readonly body?: unknown;
}

/** Waits for a body as long as its call has time. @throws TIMEOUT */
export type InTime = <Result>(reading: Promise<Result>) => Promise<Result>;

/** @throws MESSAGE_TOO_LARGE according to the announced length, before anything is read */
export function checkLength(contentLength: string | undefined, limitBytes: number): void {
  const bytes = Number(contentLength ?? 0);
  if (bytes > limitBytes) throw tooLarge(bytes, limitBytes);
}

/** @throws MESSAGE_TOO_LARGE; TIMEOUT; CONNECTION_LOST if less arrives than was announced */
export async function readFetchBody(
  request: Request,
  limitBytes: number,
  inTime: InTime,
): Promise<Uint8Array> {
  if (request.bodyUsed) throw invalid("the request's body was already read", "Pass the request on unread.");
  const reader = request.body?.getReader();
  try {
    const chunks = reader === undefined ? [] : await inTime(readChunks(reader, limitBytes));
    const { headers } = request;
    return wholeBody(chunks, headers.get("content-length"), headers.get("content-encoding"));
  } catch (error) {
    // Not awaited: the source of the stream may never answer.
    reader?.cancel().catch(() => {});
    throw error;
  }
}

async function readChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limitBytes: number,
): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    // One chunk after the other: that is what a stream is.
    // oxlint-disable-next-line no-await-in-loop
    const { value } = await reader.read();
    if (value === undefined) return chunks;
    bytes += value.byteLength;
    if (bytes > limitBytes) throw tooLarge(bytes, limitBytes);
    chunks.push(value);
  }
}

/**
 * Joins the chunks of a body. If something in between ends a cut-off body like a complete one, only the
 * announced length reveals it. For a body that was decompressed on its way, that length says nothing.
 */
function wholeBody(
  chunks: readonly Uint8Array[],
  length: string | null | undefined,
  encoding: unknown,
): Buffer {
  const body = Buffer.concat(chunks);
  const isCutOff = (encoding ?? "identity") === "identity" && body.byteLength < Number(length ?? 0);
  if (isCutOff) throw new QueueError("CONNECTION_LOST", CUT_OFF);
  return body;
}

/**
 * @throws MESSAGE_TOO_LARGE; TIMEOUT; CONNECTION_LOST; INVALID_ARGUMENT if the body was already read and
 * nothing of it was kept
 */
export async function readNodeBody(
  request: NodePushRequest,
  limitBytes: number,
  inTime: InTime,
): Promise<Uint8Array> {
  const bytes = parsedBody(request) ?? (await readStream(request, limitBytes, inTime));
  if (bytes.byteLength > limitBytes) throw tooLarge(bytes.byteLength, limitBytes);
  return bytes;
}

/** The body as others read it. For an unread one a parser may have set `body` to `{}`: that is ignored. */
function parsedBody({ rawBody, body, readableDidRead: isRead }: NodePushRequest): Uint8Array | undefined {
  if (rawBody instanceof Uint8Array) return rawBody;
  if (!isRead) return undefined;
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return Buffer.from(body);
  if (typeof body === "object" && body !== null) return Buffer.from(JSON.stringify(body));
  throw invalid(
    "the request's body was already read",
    "Mount this handler before anything that reads bodies.",
  );
}

async function readStream(request: IncomingMessage, limitBytes: number, inTime: InTime): Promise<Uint8Array> {
  // The client disconnected while the token was checked: no more events will come.
  if (request.destroyed || request.aborted) throw new QueueError("CONNECTION_LOST", CUT_OFF);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const keep = (chunk: Buffer): void => {
    bytes += chunk.byteLength;
    chunks.push(chunk);
    if (bytes > limitBytes) reject(tooLarge(bytes, limitBytes));
  };
  request.on("data", keep);
  const cutOff = (cause?: unknown): void => reject(new QueueError("CONNECTION_LOST", { ...CUT_OFF, cause }));
  request.once("end", () => {
    request.off("close", cutOff);
    const whole = (): void => resolve(Buffer.concat(chunks));
    // Over HTTP/2 a cut-off body also emits `end`; the event that tells of the cut follows right afterwards.
    if (request.httpVersionMajor >= 2) systemClock.setTimer(whole, 0, true);
    else whole();
  });
  for (const sign of ["aborted", "error", "close"]) request.once(sign, cutOff);
  try {
    return await inTime(promise);
  } finally {
    // The rest is read and dropped: a client that is still sending would not read the answer.
    request.off("data", keep);
  }
}

const CUT_OFF = { what: "the request ended before its body did", provider: "pubsub" };

function tooLarge(sizeBytes: number, limitBytes: number): QueueError {
  const remedy = "Raise maxBodyBytes: Pub/Sub pushes the message again until it is taken.";
  return queueError(
    "MESSAGE_TOO_LARGE",
    {
      what: `the request has ${sizeBytes} bytes or more, ${limitBytes} are allowed`,
      remedy,
      provider: "pubsub",
    },
    { sizeBytes, limitBytes },
  );
}
