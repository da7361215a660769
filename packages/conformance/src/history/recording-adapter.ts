import type {
  ConsumerDriver,
  ConsumerDriverOptions,
  ConsumerEvents,
  Delivery,
  ItemResult,
  Operation,
  QueueAdapter,
  Target,
} from "@anyqueue/core/adapter";
import type { SettleKind } from "./history-event.ts";
import type { HistorySink } from "./history-writer.ts";
import { recordingProducer } from "./recording-producer.ts";
import { leaseHash, messageHash } from "./message-hash.ts";

/** The value of `message.native` in a recorded run: the SDK's own object and the name of the hand-over. */
export class Tagged {
  /** Name of the hand-over: `tok` in the history. */
  readonly tok: string;
  /** The SDK's own object. */
  readonly native: unknown;

  constructor(tok: string, native: unknown) {
    this.tok = tok;
    this.native = native;
  }
}

/** Returns the receipt handle, lock token or ack id of an SDK's message. */
export type LeaseOf = (native: unknown) => string | undefined;

/** What the recorder knows but the driver does not. */
export interface RecordedMeaning {
  readonly consumer: string;
  readonly leaseOf: LeaseOf | undefined;
  /** True: the ack of this hand-over completes a dead letter that was copied. */
  meansDead(tok: string, mid: string): boolean;
}

/** A handle that knows its hand-over. */
interface Ticket {
  readonly tok: string;
  readonly mid: string;
  readonly handle: unknown;
}

/** Records what an adapter's consumers receive and how they settle it; changes nothing else. */
export function recordingAdapter(
  adapter: QueueAdapter,
  sink: HistorySink,
  meaning: RecordedMeaning,
): QueueAdapter {
  return {
    ...bound(adapter),
    openProducer: (target, purpose) => recordingProducer(adapter.openProducer(target, purpose), sink),
    openConsumer: (target, options) =>
      new RecordingConsumer({ adapter, target, sink, meaning, options }).driver,
  };
}

function bound(adapter: QueueAdapter): QueueAdapter {
  const { probe, admin } = adapter;
  return {
    name: adapter.name,
    resolve: (ref) => adapter.resolve(ref),
    openProducer: (target, purpose) => adapter.openProducer(target, purpose),
    openConsumer: (target, options) => adapter.openConsumer(target, options),
    classify: (error, during) => adapter.classify(error, during),
    close: async () => await adapter.close(),
    ...(probe === undefined
      ? {}
      : { probe: async (target, signal) => await probe.call(adapter, target, signal) }),
    ...(admin === undefined ? {} : { admin: async () => await admin.call(adapter) }),
  };
}

interface RecordingParts {
  readonly adapter: QueueAdapter;
  readonly target: Target;
  readonly sink: HistorySink;
  readonly meaning: RecordedMeaning;
  readonly options: ConsumerDriverOptions<unknown>;
}

class RecordingConsumer {
  readonly #parts: RecordingParts;
  readonly #inner: ConsumerDriver<unknown>;
  /** By the adapter's own handle, for losses that the adapter reports on its own. */
  readonly #tickets = new Map<unknown, { readonly ticket: Ticket; readonly leaseKey: string | undefined }>();

  constructor(parts: RecordingParts) {
    this.#parts = parts;
    const { adapter, target, options } = parts;
    this.#inner = adapter.openConsumer(target, { ...options, events: this.#events(options.events) });
  }

  get driver(): ConsumerDriver<unknown> {
    const inner = this.#inner;
    const { open, setFlow, extendBatch, deadLetterBatch, peekBatch } = inner;
    return {
      receiveBatch: async (ask, signal) =>
        (await inner.receiveBatch(ask, signal)).map((delivery) => this.#deliver(delivery)),
      ackBatch: async (handles, signal) =>
        await this.#settle(handles.map(ticketOf), "ack", async (own) => await inner.ackBatch(own, signal)),
      releaseBatch: async (items, signal) =>
        await this.#settle(
          items.map(({ handle }) => ticketOf(handle)),
          "release",
          async (own) => await inner.releaseBatch(withHandles(items, own), signal),
          items.map(({ delayMs }) => delayMs),
        ),
      close: async () => await inner.close(),
      ...(open === undefined ? {} : { open: async (signal) => await open.call(inner, signal) }),
      ...(setFlow === undefined
        ? {}
        : { setFlow: async (flow, signal) => await setFlow.call(inner, flow, signal) }),
      ...(extendBatch === undefined
        ? {}
        : {
            extendBatch: async (items, signal) =>
              await this.#renew(
                items.map(({ handle }) => ticketOf(handle)),
                async (own) => await extendBatch.call(inner, withHandles(items, own), signal),
              ),
          }),
      ...(deadLetterBatch === undefined
        ? {}
        : {
            deadLetterBatch: async (items, signal) =>
              await this.#settle(
                items.map(({ handle }) => ticketOf(handle)),
                "dead",
                async (own) => await deadLetterBatch.call(inner, withHandles(items, own), signal),
              ),
          }),
      ...(peekBatch === undefined
        ? {}
        : { peekBatch: async (maxItems, signal) => await peekBatch.call(inner, maxItems, signal) }),
    };
  }

  #deliver(delivery: Delivery<unknown>): Delivery<unknown> {
    const { sink, meaning, target } = this.#parts;
    const op = sink.operation();
    const { id, providerId, deliveryCount, leaseMs, orderingKey, leaseKey } = delivery;
    const ticket: Ticket = { tok: op, mid: id, handle: delivery.handle };
    const lease = meaning.leaseOf?.(delivery.native);
    this.#tickets.set(delivery.handle, { ticket, leaseKey });
    sink.write("deliver", op, {
      mid: id,
      bid: providerId,
      tok: op,
      dest: target.entity,
      hash: messageHash(delivery.body, delivery.attributes),
      consumer: meaning.consumer,
      ...(lease === undefined ? {} : { lease: leaseHash(lease) }),
      ...(deliveryCount === undefined ? {} : { attempt: deliveryCount }),
      ...(leaseMs === undefined ? {} : { leaseUntil: sink.now() + leaseMs * 1_000_000 }),
      ...(orderingKey === undefined ? {} : { key: orderingKey }),
      ...(leaseKey === undefined ? {} : { shared: leaseKey }),
    });
    return copyOf(delivery, ticket);
  }

  async #settle(
    tickets: readonly Ticket[],
    kind: SettleKind,
    call: (handles: readonly unknown[]) => Promise<readonly ItemResult[]>,
    delays: readonly number[] = [],
  ): Promise<readonly ItemResult[]> {
    const { sink, meaning } = this.#parts;
    const open = tickets.map(({ tok, mid }, place) => {
      const meant = kind === "ack" && meaning.meansDead(tok, mid) ? "dead" : kind;
      const op = sink.operation();
      const delayMs = delays[place] ?? 0;
      sink.write("settle.invoke", op, { tok, kind: meant, ...(delayMs > 0 && { delayMs }) });
      return { op, tok, kind: meant };
    });
    const results = await this.#call(tickets, call, kind === "dead" ? "deadLetter" : kind, (index, type) => {
      const one = open[index];
      if (one === undefined) return;
      sink.write(`settle.${type}`, one.op, { tok: one.tok, kind: one.kind });
      if (type !== "fail") this.#tickets.delete(tickets[index]?.handle);
    });
    return results;
  }

  async #renew(
    tickets: readonly Ticket[],
    call: (handles: readonly unknown[]) => Promise<readonly ItemResult<{ readonly leaseMs: number }>[]>,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]> {
    const { sink } = this.#parts;
    // Whoever renews counts from here, not from the answer: the new lease began somewhere in between.
    const askedAt = sink.now();
    const ops = tickets.map(({ tok }) => {
      const op = sink.operation();
      sink.write("renew.invoke", op, { tok });
      return op;
    });
    return await this.#call(tickets, call, "extend", (index, type, value) => {
      const [ticket, op] = [tickets[index], ops[index]];
      if (ticket === undefined || op === undefined) return;
      const { tok } = ticket;
      if (type === "ok")
        sink.write("renew.ok", op, { tok, until: askedAt + (value?.leaseMs ?? 0) * 1_000_000 });
      else sink.write(type === "lost" ? "renew.lost" : "renew.fail", op, { tok });
    });
  }

  /** Calls with the adapter's own handles and records each outcome, even if the whole call fails. */
  async #call<Value>(
    tickets: readonly Ticket[],
    call: (handles: readonly unknown[]) => Promise<readonly ItemResult<Value>[]>,
    during: Operation,
    tell: (index: number, type: "ok" | "lost" | "fail" | "info", value?: Value) => void,
  ): Promise<readonly ItemResult<Value>[]> {
    try {
      const results = await call(tickets.map(({ handle }) => handle));
      for (const [index, result] of results.entries()) {
        if (result.ok) tell(index, "ok", result.value);
        else tell(index, this.#failure(result.error, during));
      }
      return results;
    } catch (error) {
      for (const index of tickets.keys()) tell(index, this.#failure(error, during));
      throw error;
    }
  }

  #failure(error: unknown, during: Operation): "lost" | "fail" | "info" {
    const { code, ambiguous } = this.#parts.adapter.classify(error, during);
    if (code === "LEASE_LOST") return "lost";
    return ambiguous === true ? "info" : "fail";
  }

  #events(events: ConsumerEvents<unknown>): ConsumerEvents<unknown> {
    return {
      fault: (error) => events.fault(error),
      leasesLost: (lost, error) => {
        const gone = [...this.#tickets.values()].filter(
          ({ ticket, leaseKey }) =>
            lost === "all" ||
            ("leaseKey" in lost ? lost.leaseKey === leaseKey : lost.handles.includes(ticket.handle)),
        );
        for (const { ticket } of gone) this.#parts.sink.write("renew.lost", ticket.tok, { tok: ticket.tok });
        const isByHandle = lost !== "all" && "handles" in lost;
        events.leasesLost(isByHandle ? { handles: gone.map(({ ticket }) => ticket) } : lost, error);
      },
    };
  }
}

function withHandles<Item extends { readonly handle: unknown }>(
  items: readonly Item[],
  handles: readonly unknown[],
): readonly Item[] {
  return items.map((item, index) => ({ ...item, handle: handles[index] }));
}

/** The core passes back what it was given, so every handle of this driver is a ticket. */
function ticketOf(handle: unknown): Ticket {
  return handle as Ticket;
}

/** Fields of a delivery may be getters on a prototype, so each is copied by name. */
function copyOf(delivery: Delivery<unknown>, ticket: Ticket): Delivery<unknown> {
  const optional = OPTIONAL.flatMap((name) => (delivery[name] === undefined ? [] : [[name, delivery[name]]]));
  return {
    ...Object.fromEntries(optional),
    handle: ticket,
    id: delivery.id,
    providerId: delivery.providerId,
    body: delivery.body,
    attributes: delivery.attributes,
    native: new Tagged(ticket.tok, delivery.native),
  };
}

const OPTIONAL = [
  "text",
  "contentType",
  "attributeTypes",
  "orderingKey",
  "leaseKey",
  "deduplicationId",
  "correlationId",
  "replyTo",
  "subject",
  "deliveryCount",
  "enqueuedAtMs",
  "expiresAtMs",
  "leaseMs",
  "deadLetter",
  "malformed",
] as const satisfies readonly (keyof Delivery<unknown>)[];
