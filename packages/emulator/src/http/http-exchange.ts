import type { IncomingHttpHeaders } from "node:http";

/** One HTTP request, fully read, and the ways to answer it or end its connection. */
export interface HttpExchange {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly isFromLoopback: boolean;
  /** True when the request came over TLS. */
  readonly isSecure: boolean;
  /** Aborted when the connection closes before the answer was sent. */
  readonly disconnected: AbortSignal;
  answer(answer: HttpAnswer): void;
  /** Sends the answer a few bytes at a time. The next part is sent when `pause` resolves. */
  trickle(answer: HttpAnswer, bytesPerPart: number, pause: () => Promise<void>): Promise<void>;
  /** Ends the connection with a TCP reset. */
  reset(): void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HttpHandler = (exchange: HttpExchange) => Promise<void>;
