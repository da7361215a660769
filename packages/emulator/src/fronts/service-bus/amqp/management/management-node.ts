import { notImplemented, statusOf } from "../amqp-errors.ts";
import type { CallSite } from "../calls/call-site.ts";
import type { CallAnswer } from "../calls/service-bus-call.ts";
import type { EdgeParts } from "../edge-parts.ts";
import { ReplyLinks } from "../links/reply-links.ts";
import {
  decodeRequest,
  encodeReply,
  entry,
  type NodeReply,
  type NodeRequest,
} from "../links/request-reply.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { AttachRequest } from "../transport/attach-request.ts";
import { entryOf, int, map, string, symbol, textOf } from "../transport/amqp-value.ts";
import { ACCEPTED_STATE } from "../transport/outcome.ts";
import type { ManagementResult } from "./management-operation.ts";
import { MANAGEMENT_OPERATIONS } from "./operation-table.ts";
import { RequestBody } from "./request-body.ts";

// Credit is a window rather than a single grant, because clients make hundreds of calls over one link.
const REQUEST_LINK = { maxMessageBytes: 1_048_576, creditWindow: 100 };

const OK = 200;
const NO_CONTENT = 204;

/** The `$management` node of every entity. Requests come over one link and are answered over another. */
export class ManagementNode {
  readonly #parts: EdgeParts;
  readonly #replies = new ReplyLinks();

  constructor(parts: EdgeParts) {
    this.#parts = parts;
  }

  acceptReplies(request: AttachRequest, connection: AmqpConnection): void {
    this.#replies.accept(request, connection);
  }

  /** Throws `EngineError` if there is no such entity. */
  acceptRequests(path: string, request: AttachRequest, connection: AmqpConnection): void {
    this.#assertEntity(path);
    const link = request.acceptSender(REQUEST_LINK, {
      onMessage: ({ payload, settle }) => {
        settle(ACCEPTED_STATE);
        this.#answer(decodeRequest(payload), path, site);
      },
      onDetached: () => undefined,
    });
    const site: CallSite = { connection, link: link.name, detach: (error) => link.detach(error) };
  }

  #assertEntity(path: string): void {
    if (this.#parts.namespace.topic(path) === undefined) this.#parts.namespace.findMailbox(path);
  }

  #answer(request: NodeRequest, path: string, site: CallSite): void {
    const name = textOf(entryOf(request.properties, "operation")) ?? "";
    const operation = MANAGEMENT_OPERATIONS.get(name);
    const body = new RequestBody(request.body);
    const call = this.#parts.calls.open({
      operation: operation?.name(body) ?? name,
      path,
      site,
      entries: Math.max(1, body.elements("messages").length),
      body: () => JSON.stringify(request.body, bigintAsText),
    });
    const run = (): ManagementResult => {
      if (operation === undefined) throw notImplemented(`The operation '${name}'`);
      const { namespace, wireTime } = this.#parts;
      return operation.run({ namespace, wireTime, path, body, call });
    };
    call.run(run, (answer) => {
      this.#replies.send(site.connection, request.replyTo, encodeReply(request, replyOf(answer)));
    });
  }
}

/** Names in camel case, unlike those of `$cbs`, because the SDK reads exactly these. */
function replyOf(answer: CallAnswer<ManagementResult>): NodeReply {
  if (!answer.isDone) {
    const { condition, description } = answer.error;
    return {
      properties: [
        entry("statusCode", int(statusOf(condition))),
        entry("statusDescription", string(description)),
        entry("errorCondition", symbol(condition)),
      ],
    };
  }
  if (answer.result === "none") return { properties: status(NO_CONTENT, "No Content") };
  return { properties: status(OK, "OK"), body: map(answer.result) };
}

const status = (code: number, description: string): NodeReply["properties"] => [
  entry("statusCode", int(code)),
  entry("statusDescription", string(description)),
];

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
