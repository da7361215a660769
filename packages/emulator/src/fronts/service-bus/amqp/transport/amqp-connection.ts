import { resetConnection } from "../../../../net/reset-connection.ts";
import { AmqpDecodeError } from "./amqp-decoder.ts";
import { AmqpSession, INCOMING_WINDOW, type SessionConnection } from "./amqp-session.ts";
import type { AmqpStream } from "./amqp-stream.ts";
import type { AmqpValue } from "./amqp-value.ts";
import { FrameOutbox } from "./frame-outbox.ts";
import type { AttachRequest } from "./attach-request.ts";
import {
  AMQP_FRAME,
  AMQP_PROTOCOL,
  frameBytes,
  FrameReader,
  headerBytes,
  SASL_FRAME,
  SASL_PROTOCOL,
  type Frame,
} from "./frame-reader.ts";
import { readPerformative, type AmqpError, type Performative } from "./performatives.ts";
import { beginFrame, closeFrame, endFrame, openFrame } from "./write-performative.ts";
import { answerInit, mechanismsFrame } from "./sasl-handshake.ts";

export interface ConnectionOptions {
  readonly containerId: string;
  /** Interval of heartbeats on an idle connection, in milliseconds of real time. */
  readonly heartbeatMs: number;
  /** A client that has not opened its connection by then is dropped; milliseconds of real time. */
  readonly openingMs: number;
  /** A client that is silent for longer than this is dropped, in milliseconds of real time. */
  readonly silenceMs: number;
  /** Time that a client has to hang up after a close frame, in milliseconds of real time. */
  readonly farewellMs: number;
}

/** Events that a connection reports to its server. */
export interface ConnectionEvents {
  onAttach(request: AttachRequest, connection: AmqpConnection): void;
  onClosed(connection: AmqpConnection): void;
}

/** What the connection expects next, or why it expects nothing more. */
type Phase = "header" | "sasl" | "amqpHeader" | "open" | "running" | "closing" | "lost" | "closed";

// The service announces the same value. Seen on the wire, 2026-11-24.
const MAX_FRAME_BYTES = 65_536;
const CHANNEL_MAX = 4999;

/** One client's connection and its socket. */
export class AmqpConnection implements SessionConnection {
  readonly #socket: AmqpStream;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #reader = new FrameReader(MAX_FRAME_BYTES);
  readonly #sessions = new Map<number, AmqpSession>();
  readonly #outbox: FrameOutbox;
  #phase: Phase = "header";
  #silentMs = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #cutOffTimer: NodeJS.Timeout | undefined;
  hostname = "";
  maxFrameBytes = MAX_FRAME_BYTES;

  constructor(socket: AmqpStream, options: ConnectionOptions, events: ConnectionEvents) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.#outbox = new FrameOutbox(socket, () => this.#phase !== "closed" && this.#phase !== "lost");
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    // A reset, or a socket destroyed on this side, causes neither "end" nor any AMQP frame.
    socket.on("close", () => this.#lose("closed"));
    socket.on("error", () => this.#lose("closed"));
    socket.on("end", () => socket.end());
    // Also drops a client that keeps sending a little but never opens its connection.
    this.#cutOffTimer = setTimeout(() => this.destroy(), options.openingMs).unref();
  }

  /** Sends a close frame. A client that does not answer and hang up in time is cut off. */
  close(error?: AmqpError): void {
    if (this.#phase !== "running") {
      this.#socket.destroy();
      return;
    }
    this.send(0, closeFrame(error), Buffer.alloc(0));
    this.#outbox.flush();
    this.#lose("closing");
    this.#cutOffTimer = setTimeout(() => this.destroy(), this.#options.farewellMs).unref();
  }

  /** Fault: resets the connection without telling the client anything else. */
  reset(): void {
    this.#lose("closed");
    resetConnection(this.#socket);
  }

  /** Fault: behaves as if the machine had vanished. The socket stays open, but nothing answers on it. */
  halfOpen(): void {
    this.#lose("lost");
  }

  destroy(): void {
    this.#lose("closed");
    this.#socket.destroy();
  }

  send(channel: number, value: AmqpValue, payload: Buffer): void {
    if (this.#phase === "running") this.#outbox.add(frameBytes(AMQP_FRAME, channel, value, payload));
  }

  wantFlush(session: AmqpSession): void {
    this.#outbox.wantFlush(session);
  }

  onAttach(request: AttachRequest): void {
    this.#events.onAttach(request, this);
  }

  #read(chunk: Buffer): void {
    if (this.#phase === "lost") return;
    this.#silentMs = 0;
    this.#reader.push(chunk);
    try {
      this.#consume();
    } catch (error) {
      this.close(closeErrorOf(error));
    }
  }

  #consume(): void {
    while (this.#phase !== "closed" && this.#phase !== "lost") {
      if (this.#phase === "header" || this.#phase === "amqpHeader") {
        const protocol = this.#reader.header();
        if (protocol === undefined) return;
        this.#onHeader(protocol);
        continue;
      }
      const frame = this.#reader.frame();
      if (frame === undefined) return;
      this.#onFrame(frame);
    }
  }

  #onHeader(protocol: number): void {
    if (protocol === SASL_PROTOCOL && this.#phase === "header") {
      this.#outbox.add(headerBytes(SASL_PROTOCOL));
      this.#outbox.add(frameBytes(SASL_FRAME, 0, mechanismsFrame()));
      this.#phase = "sasl";
    } else if (protocol === AMQP_PROTOCOL) {
      this.#outbox.add(headerBytes(AMQP_PROTOCOL));
      this.#phase = "open";
    } else {
      // The header that we speak tells the client what it should have sent.
      this.#socket.end(headerBytes(SASL_PROTOCOL));
      this.#lose("closed");
    }
  }

  #onFrame({ type, channel, value, payload }: Frame): void {
    if (value === undefined) return;
    if (this.#phase === "running") this.#outbox.nudge();
    if (this.#phase === "sasl" && type === SASL_FRAME) {
      const { isAccepted, frame } = answerInit(value);
      this.#outbox.add(frameBytes(SASL_FRAME, 0, frame));
      if (isAccepted) this.#phase = "amqpHeader";
      else this.#outbox.end();
      return;
    }
    if (type !== AMQP_FRAME) throw new AmqpDecodeError(`Frames of type ${type} are not expected here.`);
    this.#onPerformative(readPerformative(value), channel, payload);
  }

  #onPerformative(frame: Performative, channel: number, payload: Buffer): void {
    // After our close frame, only the client's answer to it matters.
    if (this.#phase === "closing" && frame.kind !== "close") return;
    if ((this.#phase === "open") !== (frame.kind === "open") && this.#phase !== "closing") {
      throw new AmqpDecodeError("A connection is opened once, before anything else.");
    }
    switch (frame.kind) {
      case "open":
        return this.#onOpen(frame);
      case "close":
        if (this.#phase === "running") this.send(0, closeFrame(), Buffer.alloc(0));
        this.#outbox.end();
        return this.#lose("closed");
      case "begin":
        this.#sessions.set(channel, new AmqpSession(this, channel, frame));
        return this.send(channel, beginFrame(channel, INCOMING_WINDOW), Buffer.alloc(0));
      case "end":
        this.#sessions.get(channel)?.onLost();
        this.#sessions.delete(channel);
        return this.send(channel, endFrame(), Buffer.alloc(0));
      case "attach":
      case "flow":
      case "transfer":
      case "disposition":
      case "detach": {
        const session = this.#sessions.get(channel);
        if (session !== undefined) onSessionFrame(session, frame, payload);
      }
    }
  }

  #onOpen({ hostname, maxFrameSize, idleMs }: Extract<Performative, { readonly kind: "open" }>): void {
    clearTimeout(this.#cutOffTimer);
    this.hostname = hostname;
    this.maxFrameBytes = Math.min(Math.max(maxFrameSize, 512), MAX_FRAME_BYTES);
    this.#phase = "running";
    const reply = {
      containerId: this.#options.containerId,
      hostname,
      maxFrameSize: MAX_FRAME_BYTES,
      channelMax: CHANNEL_MAX,
      idleMs: this.#options.silenceMs,
    };
    this.send(0, openFrame(reply), Buffer.alloc(0));
    const everyMs =
      idleMs === 0 ? this.#options.heartbeatMs : Math.min(this.#options.heartbeatMs, idleMs / 2);
    this.#heartbeat = setInterval(() => this.#beat(everyMs), everyMs).unref();
  }

  #beat(everyMs: number): void {
    this.#silentMs += everyMs;
    if (this.#silentMs > this.#options.silenceMs) {
      const description = `The connection was inactive for more than the allowed ${this.#options.silenceMs} milliseconds and is closed by the service.`;
      this.close({ condition: "amqp:connection:forced", description });
    } else {
      this.#outbox.add(frameBytes(AMQP_FRAME, 0));
    }
  }

  /** Ends everything that depends on this connection. */
  #lose(phase: "closing" | "lost" | "closed"): void {
    if (this.#phase === "closed") return;
    const wasAlive = this.#phase !== "closing" && this.#phase !== "lost";
    this.#phase = phase;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#cutOffTimer);
    if (wasAlive) {
      const sessions = [...this.#sessions.values()];
      this.#sessions.clear();
      for (const session of sessions) session.onLost();
    }
    if (phase === "closed") this.#events.onClosed(this);
  }
}

/**
 * An error other than a client's mistake is a bug of the emulator. The client is told so, and other
 * connections go on.
 */
function closeErrorOf(error: unknown): AmqpError {
  if (error instanceof AmqpDecodeError) return { condition: "amqp:decode-error", description: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { condition: "amqp:internal-error", description: `The emulator failed: ${text}` };
}

function onSessionFrame(
  session: AmqpSession,
  frame: Exclude<Performative, { readonly kind: "open" | "close" | "begin" | "end" }>,
  payload: Buffer,
): void {
  switch (frame.kind) {
    case "attach":
      return session.onAttach(frame);
    case "flow":
      return session.onFlow(frame);
    case "transfer":
      return session.onTransfer(frame, payload);
    case "disposition":
      return session.onDisposition(frame);
    case "detach":
      return session.onDetach(frame.handle, frame.isClosed);
  }
}
