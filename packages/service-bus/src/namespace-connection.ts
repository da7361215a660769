import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { Socket } from "node:net";
import { QueueError } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import { ClientLife } from "./client-life.ts";
import { field } from "./field.ts";
import { guardLinkCloses } from "./guard-link-closes.ts";
import { loadSdk, type Sdk } from "./load-sdk.ts";
import { keepOutside } from "./outside-credential.ts";
import { RequestLimits } from "./outlast-sdk.ts";
import { PROVIDER } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { CLOSE_TIMEOUT_MS } from "./service-bus-limits.ts";
import { settlesWithin } from "./settles-within.ts";
import type { SocketListener } from "./tell-of-sockets.ts";
import { watchSilence } from "./watch-silence.ts";

/** Runs work whose sockets do not belong to the connection. */
export type Outside = <Value>(work: () => Value) => Value;

type Make<Client> = (sdk: Sdk, outside: Outside) => Client | Promise<Client>;

/** How the SDK's clients of one namespace are made. */
export interface ClientFactory {
  readonly client: Make<ServiceBusClient>;
  readonly administration: Make<ServiceBusAdministrationClient>;
  /** True if the client is the application's own. It is left open then. */
  readonly isForeign: boolean;
  /** True if its requests have their limits here, and the SDK's come later. */
  readonly limitsRequests?: boolean;
}

/** @param wasUp false if the socket never reached the service: the SDK then tries again at its own pace */
export type DeathListener = (error: QueueError, wasUp: boolean) => void;

/** How long a socket may take to close by itself after its client has closed. */
const FAREWELL_MS = 500;
/** Node announces each socket here before it connects. https://nodejs.org/api/diagnostics_channel.html#net (2026-11-29) */
const SOCKETS = "net.client.socket";

/**
 * The one connection to a namespace, shared and counted (rule D8). The SDK is loaded on first use.
 *
 * The SDK does not report the death of its socket. Pending calls wait for their timeout, a minute for a
 * session's settlement. Its recovery takes a minute too if a token was being requested or a link is given up
 * meanwhile, and holds up all links of the client (7.9.5, seen against the emulator). So a new client
 * replaces one whose connection died. The SDK also leaves Nagle's algorithm on, which costs a round trip for
 * each small frame. All this is mended without a private member: Node's channel shows the sockets that our
 * calls open, told apart by their asynchronous context.
 */
export class NamespaceConnection {
  readonly limitsRequests: boolean;
  readonly #factory: ClientFactory;
  readonly #limits = new RequestLimits();
  readonly #scope = new AsyncLocalStorage<ClientLife | undefined>();
  readonly #deaths = new Set<DeathListener>();
  #sdk: Promise<Sdk> | undefined;
  #life = new ClientLife();
  #generation = 0;
  #died = 0;
  #administration: Promise<ServiceBusAdministrationClient> | undefined;
  #users = 0;
  #isClosed = false;

  constructor(factory: ClientFactory) {
    this.#factory = factory;
    this.limitsRequests = factory.limitsRequests === true;
  }

  /** Counts one more adapter that uses it. */
  acquire(): void {
    if (this.#users === 0) subscribe(SOCKETS, this.#onSocket);
    this.#users += 1;
    this.#isClosed = false;
  }

  /** The last adapter ends it. */
  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#isClosed = true;
    this.#administration = undefined;
    try {
      if (!this.#factory.isForeign) await this.#end();
    } finally {
      unsubscribe(SOCKETS, this.#onSocket);
    }
  }

  /** Calls the SDK. @throws CLOSED after the last `release` */
  async call<Value>(work: (client: ServiceBusClient) => Value | Promise<Value>): Promise<Value> {
    const client = await this.client();
    return await this.scoped(() => work(client));
  }

  /** Runs work that may open the connection, so that its socket is known to be ours. */
  scoped<Value>(work: () => Value): Value {
    return this.#scope.getStore() === this.#life ? work() : this.#scope.run(this.#life, work);
  }

  /** The opposite: credentials and applications have their own connections, whose end is not this one's. */
  readonly outside: Outside = (work) => this.#scope.run(undefined, work);

  async client(): Promise<ServiceBusClient> {
    this.#refuseClosed();
    const life = this.#life;
    life.client ??= this.#open(life).catch((error: unknown) => {
      life.client = undefined;
      throw error;
    });
    return await life.client;
  }

  async administration(): Promise<ServiceBusAdministrationClient> {
    this.#refuseClosed();
    this.#administration ??= this.#load(this.#factory.administration).catch((error: unknown) => {
      this.#administration = undefined;
      throw error;
    });
    return await this.#administration;
  }

  /** Calls back whenever the socket dies. @returns a function that stops this */
  onDeath(listener: DeathListener): () => void {
    this.#deaths.add(listener);
    return () => this.#deaths.delete(listener);
  }

  /** Changes when the client is replaced: whatever the client before it made is of no more use. */
  get generation(): number {
    return this.#generation;
  }

  /** How often a connection has died: a link that was opened before the last death is closed now. */
  get deaths(): number {
    return this.#died;
  }

  /** Aborts when the client of now has ended, with its connection or with the last adapter. */
  get over(): AbortSignal {
    return this.#life.over.signal;
  }

  /** True once the connection has carried an answer: aborting an opening on it then harms nobody else. */
  get isProven(): boolean {
    return this.#life.isProven;
  }

  /** True if the client was passed in: it is neither replaced nor closed. */
  get isForeign(): boolean {
    return this.#factory.isForeign;
  }

  /**
   * Settles like `work`, unless the connection dies or the signal aborts first: `work` may have taken effect
   * then. The outcome of the SDK's own promise is ignored from then on.
   */
  bounded<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    return this.#life.bounded.run(work, signal);
  }

  /** Calls `onError` if the connection dies or the signal aborts. @returns ends this; false: it was called */
  bound(signal: AbortSignal | undefined, onError: (error: unknown) => void): () => boolean {
    return this.#life.bounded.enter(signal, onError);
  }

  /** Like `bounded`, and also aborts what the SDK still does for the work, if that does no harm. */
  async abandonable<Value>(
    work: (abandoned: AbortSignal) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value> {
    const life = this.#life;
    const ending = new AbortController();
    try {
      const answer = await this.bounded(this.limited(this.scoped(() => work(ending.signal))), signal);
      life.isProven = !life.isOver;
      return answer;
    } finally {
      if (life.isProven || life.isOver) ending.abort(OVER);
    }
  }

  /** Settles like `work`, and rejects if a request that is limited here takes too long. */
  limited<Value>(work: Promise<Value>): Promise<Value> {
    return this.limitsRequests ? this.#limits.answered(work) : work;
  }

  /**
   * Closes what was made with the client of that generation. Waits only as long as that client lives: if its
   * connection is dead, the SDK takes its time.
   */
  async closing(close: () => Promise<void>, generation: number): Promise<void> {
    const closed = this.scoped(close);
    if (generation !== this.#generation) {
      closed.catch(() => {});
      return;
    }
    try {
      await this.bounded(closed, undefined);
    } catch (error) {
      if (generation === this.#generation) throw error;
    }
  }

  readonly #onSocket = (message: unknown): void => {
    const life = this.#scope.getStore();
    if (life?.opensHere === true) this.#watch(life, field(message, "socket"));
  };

  #onShown(life: ClientLife, socket: unknown): void {
    if (this.#isClosed && this.#factory.isForeign) return;
    life.showsSockets ||= isSocket(socket);
    this.#watch(life, socket);
  }

  #watch(life: ClientLife, socket: unknown): void {
    if (!isSocket(socket) || life.sockets.has(socket)) return;
    if (life.isOver) {
      life.refuse(socket);
      return;
    }
    socket.setNoDelay(true);
    life.sockets.add(socket);
    watchSilence(socket);
    socket.once("close", () => {
      life.sockets.delete(socket);
      if (!life.isOver) this.#reportDeath(life, socket.bytesRead > 0, socket.errored ?? undefined);
    });
  }

  #reportDeath(life: ClientLife, wasUp: boolean, cause: Error | undefined): void {
    const isCurrent = life === this.#life;
    if (isCurrent) this.#died += 1;
    life.isProven = false;
    if (wasUp && isCurrent && !this.#factory.isForeign) {
      life.end();
      this.#life = new ClientLife();
      this.#generation += 1;
    }
    const what = "the connection to Service Bus was cut";
    // The socket's own error says more: a host that is unknown, a certificate that is not accepted.
    const isListed = classifyServiceBusError(cause, "receive").code !== "INTERNAL";
    // Not a QueueError: what was being done, and where, is added by the caller, who knows it.
    life.bounded.failAll(isListed ? cause : new Error(what, { cause }));
    // A client that was closed ends here, and perhaps another one is open already.
    if (this.#isClosed || !isCurrent) return;
    const error = new QueueError("CONNECTION_LOST", { what, provider: PROVIDER, ambiguous: true, cause });
    for (const listener of this.#deaths) listener(error, wasUp);
  }

  async #open(life: ClientLife): Promise<ServiceBusClient> {
    const client = await this.#load(this.#factory.client);
    if (this.#factory.isForeign) keepOutside(client, this.outside);
    const sockets: SocketListener = {
      shown: (socket) => this.#onShown(life, socket),
      hidden: (open) => life.opening(open),
    };
    guardLinkCloses(client, life.ending.signal, life.over.signal, sockets, this.limitsRequests);
    return client;
  }

  async #load<Client>(make: Make<Client>): Promise<Client> {
    const sdk = await (this.#sdk ??= loadSdk());
    return await this.scoped(() => make(sdk, this.outside));
  }

  /** Closes in time: the SDK waits for answers that may never come, and its socket for the other end. */
  async #end(): Promise<void> {
    const { client, ending, over, sockets } = this.#life;
    this.#life = new ClientLife();
    if (client === undefined) return;
    const ended = client.then((opened) => opened.close());
    const isInTime = await settlesWithin(ended, CLOSE_TIMEOUT_MS);
    for (const waiting of [ending, over]) waiting.abort();
    const gone = [...sockets].map((socket) => once(socket, "close"));
    await settlesWithin(Promise.all(gone), FAREWELL_MS);
    // With an error: rhea 3.0.5 ends its two-minute timer, which holds the process, only at "end" or "error".
    for (const socket of sockets) socket.destroy(new Error("the Service Bus connection is closed"));
    if (isInTime) await ended;
  }

  #refuseClosed(): void {
    const what = "the Service Bus connection is closed";
    if (this.#isClosed) throw new QueueError("CLOSED", { what, provider: PROVIDER });
  }
}

/** A shared reason: without one Node makes an exception with a stack for each request. */
const OVER = new Error("the request is over");

function isSocket(value: unknown): value is Socket {
  // Not imported: `node:net` would be a third of what this package takes to load.
  const net = process.getBuiltinModule("node:net");
  return value instanceof net.Socket;
}
