import { Broker, type Destination } from "../src/broker/broker.ts";
import type { Mailbox } from "../src/broker/mailbox.ts";
import type { Lease, StoredMessage } from "../src/broker/stored-message.ts";

export interface Sending {
  readonly key?: string;
  readonly delayMs?: number;
  readonly ttlMs?: number;
  readonly nowMs?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** One queue of a broker without a clock: every call passes the time. */
export interface MailboxBench {
  readonly broker: Broker;
  readonly queue: Destination;
  readonly mailbox: Mailbox;
  send(id: string, sending?: Sending): void;
  /** The leases, in the order in which the messages were handed over. */
  receive(maxItems: number, nowMs?: number, leaseMs?: number): Lease[];
}

export function mailboxBench(seed?: number): MailboxBench {
  const broker = new Broker({ seed, deduplicationWindowMs: 1_000 });
  const queue = broker.createQueue("q");
  const mailbox = mailboxOf(queue);
  return {
    broker,
    queue,
    mailbox,
    send(id, { key, delayMs = 0, ttlMs, nowMs = 0, attributes = {} } = {}) {
      const content = { id, body: new Uint8Array(), contentType: "text/plain", attributes };
      broker.submit(
        queue,
        {
          content: key === undefined ? content : { ...content, orderingKey: key },
          isDeduplicated: false,
          delayMs,
          ttlMs,
          enqueuedAtMs: 0,
        },
        nowMs,
      );
    },
    receive: (maxItems, nowMs = 0, leaseMs = 100) => mailbox.receive(maxItems, leaseMs, nowMs),
  };
}

function mailboxOf(destination: Destination): Mailbox {
  const [mailbox] = destination.mailboxes.values();
  if (mailbox === undefined) throw new Error("no mailbox");
  return mailbox;
}

export function ids(items: readonly (Lease | StoredMessage)[]): string[] {
  return items.map((item) => ("message" in item ? item.message : item).content.id);
}

export function only(leases: readonly Lease[]): Lease {
  const [lease] = leases;
  if (lease === undefined || leases.length > 1) throw new Error(`expected one lease, got ${leases.length}`);
  return lease;
}
