import { randomUUID } from "node:crypto";
import type { FaultCall } from "../../../faults/fault-rule.ts";
import type { HttpExchange } from "../../../http/http-exchange.ts";
import type { OpenCall } from "../../../log/call-log.ts";
import type { FrontContext } from "../../front.ts";
import type { Namespace } from "../engine/contract.ts";
import type { TokenCheck } from "../sas-token.ts";
import { trackingTail } from "../tracking-tail.ts";
import { readCall, type AtomAnswer, type AtomCall } from "./atom-call.ts";
import { AtomError, toAtomError } from "./atom-error.ts";
import { runAtomFaults, type AtomInterruption } from "./atom-faults.ts";
import { AtomPresenter, type AtomContext } from "./atom-presenter.ts";
import { AuthorizationRuleShelf } from "./authorization-rules.ts";
import { writeXml, xml } from "./xml-writer.ts";

export interface AtomParts extends Pick<FrontContext, "clock" | "wireTime" | "log" | "faults"> {
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

  async handle(exchange: HttpExchange): Promise<void> {
    let call: AtomCall | undefined;
    let refusal: AtomError | undefined;
    try {
      call = this.#read(exchange);
    } catch (error) {
      refusal = toAtomError(error);
    }
    const logged = describeCall(call, exchange);
    const open = this.#open(logged);
    const outcome = refusal ?? (await this.#carryOut(call, logged, open, exchange));
    if (outcome === "hold") {
      open.end({ outcome: "held", status: undefined, errorCode: undefined });
    } else if (outcome === "reset") {
      open.end({ outcome: "reset", status: undefined, errorCode: undefined });
      exchange.reset();
    } else if (outcome instanceof AtomError) {
      open.end({ outcome: "error", status: outcome.status, errorCode: String(outcome.status) });
      this.#refuse(exchange, outcome);
    } else {
      open.end({ outcome: "ok", status: outcome.status, errorCode: undefined });
      answer(exchange, outcome);
    }
  }

  async #carryOut(
    call: AtomCall | undefined,
    logged: FaultCall<"service-bus">,
    open: OpenCall,
    { disconnected }: HttpExchange,
  ): Promise<AtomAnswer | AtomInterruption> {
    const before = await runAtomFaults("before", logged, open, this.#parts, disconnected);
    if (before !== undefined) return before;
    const result = carryOut(call);
    return (await runAtomFaults("after", logged, open, this.#parts, disconnected)) ?? result;
  }

  #read(exchange: HttpExchange): AtomCall {
    const { body, headers, method, target } = exchange;
    const host = headers.host ?? "localhost";
    const url = new URL(
      `${exchange.isSecure ? "https" : "http"}://${host}${target.pathname}${target.search}`,
    );
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

  #open({ body: _body, ...logged }: FaultCall<"service-bus">): OpenCall {
    const { clock, log } = this.#parts;
    return log.open({ ...logged, at: clock.now(), requestId: randomUUID(), entries: 1 });
  }
}

function describeCall(call: AtomCall | undefined, { body, headers }: HttpExchange): FaultCall<"service-bus"> {
  const clientRequestId = headers["x-ms-client-request-id"];
  return {
    protocol: "service-bus",
    wire: "atom",
    operation: call?.operation ?? "UnknownOperation",
    queue: call?.entity,
    region: "",
    attempt: 1,
    invocationId: typeof clientRequestId === "string" ? clientRequestId : undefined,
    body,
  };
}

function carryOut(call: AtomCall | undefined): AtomAnswer | AtomError {
  try {
    return call?.run() ?? new AtomError(400, "SubCode=40000. The request is not understood.");
  } catch (error) {
    return toAtomError(error);
  }
}

function answer(exchange: HttpExchange, { status, document }: AtomAnswer): void {
  if (exchange.disconnected.aborted) return;
  const type = document.includes("<feed ") ? FEED_TYPE : ATOM_TYPE;
  exchange.answer({ status, headers: { "content-type": type }, body: document });
}
