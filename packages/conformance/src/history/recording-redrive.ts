import { isQueueError } from "@anyqueue/core";
import type {
  AdminDriver,
  ConsumerDriver,
  ItemResult,
  ProducerDriver,
  Provider,
  QueueAdapter,
} from "@anyqueue/core/adapter";
import type { HistorySink } from "./history-writer.ts";
import { leaseHash } from "./message-hash.ts";
import type { LeaseOf } from "./recording-adapter.ts";

/**
 * The same provider for a process that only redrives: records what is sent again and then removed, and when the
 * service itself moves dead letters.
 *
 * @param leaseOf as for a `HistoryRecorder`
 */
export function recordingRedrives(provider: Provider, sink: HistorySink, leaseOf?: LeaseOf): Provider {
  return { ...provider, connect: (url, context) => recording(provider.connect(url, context), sink, leaseOf) };
}

function recording(adapter: QueueAdapter, sink: HistorySink, leaseOf: LeaseOf | undefined): QueueAdapter {
  const open = new OpenMoves();
  const { admin } = adapter;
  return replaced(adapter, {
    openProducer: (...args) => recordingSends(adapter.openProducer(...args), adapter, sink, open),
    openConsumer: (...args) => recordingAcks(adapter.openConsumer(...args), sink, open, leaseOf),
    ...(admin && { admin: async () => recordingService(await admin.call(adapter), adapter, sink) }),
  });
}

/** Operations of messages that were sent again and are not gone from the dead letters yet. */
class OpenMoves {
  readonly #byId = new Map<string, string[]>();

  add(mid: string, op: string): void {
    this.#byId.set(mid, [...(this.#byId.get(mid) ?? []), op]);
  }

  /** Of two dead letters with one id, nobody has to know which is which. */
  take(mid: string, op = this.#byId.get(mid)?.[0]): string | undefined {
    const left = this.#byId.get(mid)?.filter((one) => one !== op);
    this.#byId.set(mid, left ?? []);
    return op;
  }
}

function recordingSends(
  driver: ProducerDriver,
  adapter: QueueAdapter,
  sink: HistorySink,
  open: OpenMoves,
): ProducerDriver {
  return replaced(driver, {
    async sendBatch(messages, signal) {
      const moves = messages.map(({ id: mid }) => {
        const op = sink.operation();
        sink.write("move.invoke", op, { mid });
        open.add(mid, op);
        return { mid, op };
      });
      const failed = ({ mid, op }: (typeof moves)[number], error: unknown): void => {
        if (adapter.classify(error, "send").ambiguous === true) return;
        open.take(mid, op);
        sink.write("move.fail", op, { mid });
      };
      try {
        const results = await driver.sendBatch(messages, signal);
        for (const [place, move] of moves.entries()) {
          const result = results[place];
          if (result?.ok === false) failed(move, result.error);
        }
        return results;
      } catch (error) {
        for (const move of moves) failed(move, error);
        throw error;
      }
    },
  });
}

function recordingAcks(
  driver: ConsumerDriver<unknown>,
  sink: HistorySink,
  open: OpenMoves,
  leaseOf: LeaseOf | undefined,
): ConsumerDriver<unknown> {
  const known = new Map<unknown, { readonly mid: string; readonly lease?: string }>();
  return replaced(driver, {
    async receiveBatch(ask, signal) {
      const deliveries = await driver.receiveBatch(ask, signal);
      for (const { handle, id: mid, native } of deliveries) {
        const lease = leaseOf?.(native);
        known.set(handle, lease === undefined ? { mid } : { mid, lease: leaseHash(lease) });
      }
      return deliveries;
    },
    async ackBatch(handles, signal): Promise<readonly ItemResult[]> {
      const results = await driver.ackBatch(handles, signal);
      for (const [place, handle] of handles.entries()) {
        const dead = known.get(handle) ?? { mid: "" };
        const op = results[place]?.ok === true ? open.take(dead.mid) : undefined;
        if (op !== undefined) sink.write("move.ok", op, dead);
      }
      return results;
    },
  });
}

function recordingService(driver: AdminDriver, adapter: QueueAdapter, sink: HistorySink): AdminDriver {
  const { redrive } = driver;
  if (redrive === undefined) return driver;
  return replaced(driver, {
    async *redrive(from, to, signal) {
      const [op, where] = [sink.operation(), { dest: to.entity }];
      sink.write("redrive.start", op, where);
      try {
        yield* redrive.call(driver, from, to, signal);
        sink.write("redrive.end", op, where);
      } catch (error) {
        // After any other error, the service may go on.
        const { code } = isQueueError(error) ? error : adapter.classify(error, "admin");
        if (code === "UNSUPPORTED") sink.write("redrive.fail", op, where);
        throw error;
      }
    },
  });
}

/** Drivers may be classes with private members. */
function replaced<Driver extends object>(driver: Driver, parts: Partial<Driver>): Driver {
  return new Proxy(driver, {
    get(target, name): unknown {
      if (Object.hasOwn(parts, name)) return Reflect.get(parts, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
