import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { resetConnection } from "./reset-connection.ts";
import {
  WEB_SOCKET_BINARY,
  WEB_SOCKET_CLOSE,
  WEB_SOCKET_CONTINUATION,
  WEB_SOCKET_PING,
  WEB_SOCKET_PONG,
  webSocketFrame,
  WebSocketFrameReader,
  type WebSocketFrame,
} from "./web-socket-frames.ts";

/** The bytes that a WebSocket carries in binary messages, as a socket-like stream. */
export class WebSocketStream extends Duplex {
  readonly #socket: Socket;
  readonly #frames = new WebSocketFrameReader();

  /** `head` holds the bytes that followed the upgrade request. */
  constructor(socket: Socket, head: Buffer) {
    super({
      read: () => void socket.resume(),
      write: (chunk: Buffer, _encoding, done) =>
        void socket.write(webSocketFrame(WEB_SOCKET_BINARY, chunk), done),
      final: (done) => void socket.end(webSocketFrame(WEB_SOCKET_CLOSE, Buffer.alloc(0)), done),
      destroy: (error, done) => {
        socket.destroy();
        done(error);
      },
    });
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    if (head.length > 0) this.#take(head);
  }

  setNoDelay(isOn: boolean): void {
    this.#socket.setNoDelay(isOn);
  }

  resetAndDestroy(): void {
    resetConnection(this.#socket);
  }

  #take(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#on(frame);
    } catch (error) {
      this.destroy(error instanceof Error ? error : undefined);
    }
  }

  #on({ opcode, payload }: WebSocketFrame): void {
    switch (opcode) {
      case WEB_SOCKET_CONTINUATION:
      case WEB_SOCKET_BINARY:
        if (!this.push(payload)) this.#socket.pause();
        return;
      case WEB_SOCKET_PING:
        this.#socket.write(webSocketFrame(WEB_SOCKET_PONG, payload));
        return;
      case WEB_SOCKET_CLOSE:
        this.push(null);
        return;
      case WEB_SOCKET_PONG:
        return;
      default:
        // AMQP never uses text frames.
        this.destroy();
    }
  }
}
