import { pathOf } from "../entity-address.ts";
import type { EdgeParts } from "../edge-parts.ts";
import { statusOf, unauthorized } from "../amqp-errors.ts";
import type { CallSite } from "../calls/call-site.ts";
import type { CallAnswer } from "../calls/service-bus-call.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { AttachRequest } from "../transport/attach-request.ts";
import { entryOf, int, string, symbol, textOf } from "../transport/amqp-value.ts";
import { ACCEPTED_STATE } from "../transport/outcome.ts";
import { decodeRequest, encodeReply, entry, type NodeReply, type NodeRequest } from "./request-reply.ts";
import { ReplyLinks } from "./reply-links.ts";
import type { ShownTokens } from "./shown-tokens.ts";

// Requests are small. The credit is more than any client sends at once.
const REQUEST_LINK = { maxMessageBytes: 262_144, creditWindow: 100 };

const ACCEPTED = 202;

/** The `$cbs` node, to which clients send a token before they open links. */
export class CbsNode {
  readonly #parts: EdgeParts;
  readonly #tokens: ShownTokens;
  readonly #replies = new ReplyLinks();

  constructor(parts: EdgeParts, tokens: ShownTokens) {
    this.#parts = parts;
    this.#tokens = tokens;
  }

  acceptReplies(request: AttachRequest, connection: AmqpConnection): void {
    this.#replies.accept(request, connection);
  }

  acceptRequests(request: AttachRequest, connection: AmqpConnection): void {
    const link = request.acceptSender(REQUEST_LINK, {
      onMessage: ({ payload, settle }) => {
        settle(ACCEPTED_STATE);
        this.#answer(decodeRequest(payload), site);
      },
      onDetached: () => undefined,
    });
    const site: CallSite = { connection, link: link.name, detach: (error) => link.detach(error) };
  }

  #answer(request: NodeRequest, site: CallSite): void {
    const audience = textOf(entryOf(request.properties, "name")) ?? "";
    const call = this.#parts.calls.open({ operation: "putToken", path: pathOf(audience), site });
    call.run(
      () => this.#show(site.connection, textOf(request.body) ?? "", audience),
      (answer) => {
        this.#replies.send(site.connection, request.replyTo, encodeReply(request, replyOf(answer)));
      },
    );
  }

  #show(connection: AmqpConnection, token: string, audience: string): void {
    const refusal = this.#tokens.show(connection, token, audience);
    if (refusal !== undefined) throw unauthorized(`${refusal.subCode}: ${refusal.description}`);
  }
}

function replyOf(answer: CallAnswer<void>): NodeReply {
  if (answer.isDone) {
    return {
      properties: [entry("status-code", int(ACCEPTED)), entry("status-description", string("Accepted"))],
    };
  }
  const { condition, description } = answer.error;
  return {
    properties: [
      entry("status-code", int(statusOf(condition))),
      entry("status-description", string(description)),
      entry("error-condition", symbol(condition)),
    ],
  };
}
