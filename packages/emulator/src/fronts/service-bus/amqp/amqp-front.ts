import type { FrontContext } from "../../front.ts";
import type { Mailbox, Namespace } from "../engine/contract.ts";
import type { TokenCheck } from "../sas-token.ts";
import { notImplemented, unauthorized, type AmqpRefusal } from "./amqp-errors.ts";
import type { CallSite } from "./calls/call-site.ts";
import { ServiceBusCalls } from "./calls/service-bus-calls.ts";
import type { EdgeParts } from "./edge-parts.ts";
import { parseAddress, type Address } from "./entity-address.ts";
import { CbsNode } from "./links/cbs-node.ts";
import { ReceiverLink } from "./links/receiver-link.ts";
import { acceptSender } from "./links/sender-link.ts";
import { SessionAcceptance } from "./links/session-acceptance.ts";
import { wantedSession } from "./links/session-source.ts";
import { ShownTokens } from "./links/shown-tokens.ts";
import { ManagementNode } from "./management/management-node.ts";
import type { AmqpConnection } from "./transport/amqp-connection.ts";
import { AmqpServer } from "./transport/amqp-server.ts";
import type { AmqpStream } from "./transport/amqp-stream.ts";
import type { AttachRequest } from "./transport/attach-request.ts";

export interface AmqpFrontParts extends Pick<
  FrontContext,
  "clock" | "wireTime" | "faults" | "log" | "handOuts"
> {
  readonly namespace: Namespace;
  readonly checkToken: TokenCheck;
}

export function createAmqpFront(parts: AmqpFrontParts): AmqpFront {
  return new AmqpFront(parts);
}

/** The data plane of a namespace over AMQP. The server that listens hands it the sockets. */
export class AmqpFront {
  readonly #parts: EdgeParts;
  readonly #server: AmqpServer;
  readonly #tokens: ShownTokens;
  readonly #cbs: CbsNode;
  readonly #management: ManagementNode;

  constructor({ namespace, clock, wireTime, faults, log, handOuts, checkToken }: AmqpFrontParts) {
    const wireNow = (): number => wireTime.toWireMs(clock.now());
    const calls = new ServiceBusCalls({ faults, clock, log, handOuts, wireNow, namespace: namespace.name });
    this.#parts = { namespace, clock, wireTime, calls };
    this.#tokens = new ShownTokens(checkToken);
    this.#cbs = new CbsNode(this.#parts, this.#tokens);
    this.#management = new ManagementNode(this.#parts);
    this.#server = new AmqpServer((request, connection) => this.#onAttach(request, connection));
  }

  /** Takes over a connection whose first bytes are AMQP. */
  accept(socket: AmqpStream): void {
    this.#server.accept(socket);
  }

  /** The connected clients. Tests cut, reset and close them. */
  connections(): readonly AmqpConnection[] {
    return this.#server.connections();
  }

  /** Disconnects every client. */
  close(): void {
    this.#server.destroyAll();
  }

  #onAttach(request: AttachRequest, connection: AmqpConnection): void {
    const { isReceiver, source, target } = request.attach;
    const site: CallSite = {
      connection,
      link: request.attach.name,
      detach: (error) => request.refuse(error),
    };
    if (!isReceiver && target?.kind === "coordinator") {
      return this.#refuse(request, site, undefined, notImplemented("A transaction"));
    }
    const address = parseAddress((isReceiver ? source?.address : target?.address) ?? "");
    const unshown = address.kind === "cbs" ? undefined : this.#unshown(connection, address);
    if (unshown !== undefined) return this.#refuse(request, site, undefined, unshown);
    switch (address.kind) {
      case "cbs":
        return isReceiver
          ? this.#cbs.acceptReplies(request, connection)
          : this.#cbs.acceptRequests(request, connection);
      case "management":
        return isReceiver
          ? this.#management.acceptReplies(request, connection)
          : this.#acceptManagement(address.path, request, site);
      case "entity":
        return isReceiver
          ? this.#acceptReceiver(address.path, request, site)
          : this.#acceptSender(address.path, request, site);
    }
  }

  #unshown(connection: AmqpConnection, address: Exclude<Address, { kind: "cbs" }>): AmqpRefusal | undefined {
    const tail = address.kind === "management" ? "/$management" : "";
    const refusal = this.#tokens.refusalOf(connection, address.path + tail);
    return refusal && unauthorized(`${refusal.subCode}: ${refusal.description}`);
  }

  #acceptManagement(path: string, request: AttachRequest, site: CallSite): void {
    try {
      this.#management.acceptRequests(path, request, site.connection);
    } catch (error) {
      this.#refuse(request, site, path, error);
    }
  }

  #acceptSender(path: string, request: AttachRequest, site: CallSite): void {
    const call = this.#parts.calls.open({ operation: "attach", path, site });
    call.run(
      () => this.#parts.namespace.findTarget(path),
      (ended) => {
        if (!ended.isDone) return request.refuse(ended.error);
        try {
          acceptSender(this.#parts, request, site.connection, ended.result, call);
        } catch (error) {
          call.finish(error);
          request.refuse(call.errorOf(error));
        }
      },
    );
  }

  #acceptReceiver(path: string, request: AttachRequest, site: CallSite): void {
    let mailbox: Mailbox;
    try {
      mailbox = this.#parts.namespace.findMailbox(path);
    } catch (error) {
      return this.#refuse(request, site, path, error);
    }
    const session = wantedSession(request.attach);
    if (session !== undefined) {
      return new SessionAcceptance(this.#parts, request, site, mailbox).start(session.sessionId);
    }
    const call = this.#parts.calls.open({ operation: "attach", path: mailbox.path, site });
    call.run(
      () => undefined,
      (ended) => {
        if (!ended.isDone) return request.refuse(ended.error);
        const source = {
          mailbox,
          sessionId: undefined,
          answer: {},
          attach: mailbox.attach.bind(mailbox),
          leave: () => undefined,
        };
        try {
          new ReceiverLink(this.#parts, request, site.connection, source, call).open();
        } catch (error) {
          call.finish(error);
          request.refuse(call.errorOf(error));
        }
      },
    );
  }

  #refuse(request: AttachRequest, site: CallSite, path: string | undefined, error: unknown): void {
    const call = this.#parts.calls.open({ operation: "attach", path, site });
    call.finish(error);
    request.refuse(call.errorOf(error));
  }
}
