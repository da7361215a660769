import type { IncomingHttpHeaders } from "node:http";

/** One HTTP request, read to its end, and what can be done with its connection. */
export interface HttpExchange {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly isFromLoopback: boolean;
  /** True when the request came inside TLS. */
  readonly isSecure: boolean;
  /** Aborted when the connection closes before the answer has been given. */
  readonly disconnected: AbortSignal;
  answer(answer: HttpAnswer): void;
  /** Sends the answer a few bytes at a time; `pause` decides when the next part goes out. */
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
