import type { Mailbox, SessionHandle } from "../../engine/contract.ts";
import type { CallSite } from "../calls/call-site.ts";
import type { ServiceBusCall } from "../calls/service-bus-call.ts";
import type { EdgeParts } from "../edge-parts.ts";
import { entryOf, numberOf } from "../transport/amqp-value.ts";
import type { AttachRequest } from "../transport/attach-request.ts";
import { ReceiverLink } from "./receiver-link.ts";
import { sessionSource } from "./session-source.ts";

// Maximum time for which the service holds an attach.
// https://learn.microsoft.com/azure/service-bus-messaging/message-sessions (2026-11-29)
const MAX_WAIT_MS = 65_000;

/** A client that wants a session: it gets a named one at once, or waits until any is available. */
export class SessionAcceptance {
  readonly #parts: EdgeParts;
  readonly #request: AttachRequest;
  readonly #site: CallSite;
  readonly #mailbox: Mailbox;
  readonly #call: ServiceBusCall;
  #waiting: { cancel(): void } | undefined;
  #session: SessionHandle | undefined;

  constructor(parts: EdgeParts, request: AttachRequest, site: CallSite, mailbox: Mailbox) {
    this.#parts = parts;
    this.#request = request;
    this.#site = site;
    this.#mailbox = mailbox;
    this.#call = parts.calls.open({ operation: "acceptSession", path: mailbox.path, site });
  }

  start(sessionId: string | undefined): void {
    this.#request.onCancelled = () => this.#cancel();
    this.#call.position(
      "before",
      (error) => this.#request.refuse(error),
      () => {
        try {
          if (sessionId === undefined) this.#wait();
          else this.#grant(this.#mailbox.acceptSession(sessionId));
        } catch (error) {
          this.#refuse(error);
        }
      },
    );
  }

  #wait(): void {
    const timeoutMs = numberOf(entryOf(this.#request.attach.properties, "com.microsoft:timeout"));
    this.#waiting = this.#mailbox.acceptNextSession(
      {
        granted: (session) => this.#grant(session),
        failed: (error) => this.#refuse(error),
      },
      Math.min(timeoutMs ?? MAX_WAIT_MS, MAX_WAIT_MS),
    );
  }

  #grant(session: SessionHandle): void {
    this.#session = session;
    this.#call.position(
      "after",
      (error) => {
        session.release();
        this.#request.refuse(error);
      },
      () => this.#attach(session),
    );
  }

  /** The client disconnected before it was answered. */
  #cancel(): void {
    this.#waiting?.cancel();
    this.#session?.release();
    this.#call.disconnected();
  }

  #attach(session: SessionHandle): void {
    const lockedUntil = this.#parts.wireTime.toWireMs(session.lockedUntilMs + this.#call.skewMs);
    const source = sessionSource(this.#mailbox, session, this.#request.attach, lockedUntil);
    try {
      new ReceiverLink(this.#parts, this.#request, this.#site.connection, source, this.#call).open();
      this.#call.finish();
    } catch (error) {
      session.release();
      this.#refuse(error);
    }
    if (this.#call.has("sessionLost")) this.#mailbox.loseSession(session.sessionId);
  }

  #refuse(error: unknown): void {
    this.#call.finish(error);
    this.#request.refuse(this.#call.errorOf(error));
  }
}
