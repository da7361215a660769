import { Deque } from "../../../../collections/deque.ts";
import type { AttachRequest } from "../transport/attach-request.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { OutgoingLink } from "../transport/outgoing-link.ts";

interface ReplyLink {
  readonly names: readonly (string | undefined)[];
  send(reply: Buffer): void;
}

/** The links on which clients wait for a node's answers. */
export class ReplyLinks {
  readonly #links = new WeakMap<AmqpConnection, Set<ReplyLink>>();

  accept(request: AttachRequest, connection: AmqpConnection): void {
    const links = this.#links.get(connection) ?? new Set();
    this.#links.set(connection, links);
    const waiting = new Deque<Buffer>();
    const tags = tagSequence();
    const sendWaiting = (link: OutgoingLink): void => {
      while (waiting.size > 0 && link.hasRoom()) link.deliver(tags(), waiting.shift() ?? Buffer.alloc(0));
    };
    const link = request.acceptReceiver(
      { isSettled: true },
      {
        onRoom: () => sendWaiting(link),
        onOutcome: () => undefined,
        onDetached: () => links.delete(reply),
      },
    );
    const reply: ReplyLink = {
      names: [request.attach.name, request.attach.target?.address],
      // A client without credit must neither lose an answer nor hold up other clients' answers.
      send: (bytes) => {
        waiting.push(bytes);
        sendWaiting(link);
      },
    };
    links.add(reply);
    request.replayFlow(link);
  }

  /** Without `replyTo`, which uamqp omits, the answer goes to the newest link of the connection. */
  send(connection: AmqpConnection, replyTo: string | undefined, reply: Buffer): void {
    const links = [...(this.#links.get(connection) ?? [])];
    const link = replyTo === undefined ? links.at(-1) : links.find(({ names }) => names.includes(replyTo));
    link?.send(reply);
  }
}

/** Tags only have to differ among unsettled deliveries. */
export function tagSequence(): () => Buffer {
  let next = 0;
  return () => {
    const tag = Buffer.alloc(4);
    tag.writeUInt32BE(next);
    next = (next + 1) >>> 0;
    return tag;
  };
}
