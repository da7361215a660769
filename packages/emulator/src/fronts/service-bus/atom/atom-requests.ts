import { randomUUID } from "node:crypto";
import type { HttpExchange } from "../../../http/http-exchange.ts";
import type { FrontContext } from "../../front.ts";
import type { TokenCheck } from "../sas-token.ts";
import { trackingTail } from "../tracking-tail.ts";
import type { Namespace } from "../engine/contract.ts";
import { readCall, type AtomAnswer, type AtomCall } from "./atom-call.ts";
import { AtomError, toAtomError } from "./atom-error.ts";
import { AtomPresenter, type AtomContext } from "./atom-presenter.ts";
import { AuthorizationRuleShelf } from "./authorization-rules.ts";
import { writeXml, xml } from "./xml-writer.ts";

export interface AtomParts extends Pick<FrontContext, "clock" | "wireTime" | "log"> {
  readonly namespace: Namespace;
  readonly checkToken: TokenCheck;
}

const ATOM_TYPE = "application/atom+xml;type=entry;charset=utf-8";
const FEED_TYPE = "application/atom+xml;type=feed;charset=utf-8";
const ERROR_TYPE = "application/xml; charset=utf-8";

/** The administration API: from an HTTP request to the engine and back. */
export class AtomRequests {
  readonly #parts: AtomParts;
  readonly #context: AtomContext;

  constructor(parts: AtomParts) {
    this.#parts = parts;
    const { namespace, wireTime } = parts;
    this.#context = { namespace, wireTime, authorizationRules: new AuthorizationRuleShelf() };
  }

  handle(exchange: HttpExchange): void {
    let call: AtomCall | undefined;
    let answer: AtomAnswer | AtomError;
    try {
      call = this.#read(exchange);
      answer = call.run();
    } catch (error) {
      answer = toAtomError(error);
    }
    this.#note(exchange, call, answer);
    if (answer instanceof AtomError) this.#refuse(exchange, answer);
    else {
      const type = answer.document.includes("<feed ") ? FEED_TYPE : ATOM_TYPE;
      exchange.answer({ status: answer.status, headers: { "content-type": type }, body: answer.document });
    }
  }

  #read(exchange: HttpExchange): AtomCall {
    const { body, headers, method } = exchange;
    const host = headers.host ?? "localhost";
    const url = new URL(`${exchange.isSecure ? "https" : "http"}://${host}${pathAndQuery(exchange.target)}`);
    const refusal = this.#parts.checkToken(headers.authorization ?? "", `${host}${url.pathname}`);
    if (refusal !== undefined)
      throw new AtomError(401, `SubCode=${refusal.subCode}. Unauthorized. ${refusal.description}`);
    const present = new AtomPresenter(this.#context, url);
    const http = { method, pathname: url.pathname, ifMatch: headers["if-match"], body };
    return readCall(http, this.#context, present);
  }

  #refuse(exchange: HttpExchange, { status, message }: AtomError): void {
    const tail = trackingTail(exchange.headers.host ?? "", this.#parts.clock.realNow());
    const detail = xml("Detail", {}, `${message}${tail}`);
    const body = writeXml(xml("Error", {}, [xml("Code", {}, String(status)), detail]));
    exchange.answer({ status, headers: { "content-type": ERROR_TYPE }, body });
  }

  #note({ headers }: HttpExchange, call: AtomCall | undefined, answer: AtomAnswer | AtomError): void {
    const clientRequestId = headers["x-ms-client-request-id"];
    const open = this.#parts.log.open({
      at: this.#parts.clock.now(),
      protocol: "service-bus",
      wire: "atom",
      operation: call?.operation ?? "UnknownOperation",
      queue: call?.entity,
      region: "",
      requestId: randomUUID(),
      invocationId: typeof clientRequestId === "string" ? clientRequestId : undefined,
      attempt: 1,
      entries: 1,
    });
    const isRefused = answer instanceof AtomError;
    open.end({
      outcome: isRefused ? "error" : "ok",
      status: answer.status,
      errorCode: isRefused ? String(answer.status) : undefined,
    });
  }
}

function pathAndQuery(target: URL): string {
  return `${target.pathname}${target.search}`;
}
