import { DeliveryKind, LeanDelivery } from "./lean-delivery.ts";
import type { RawContext, RawDelivery } from "./lean-message.ts";
import type { PlainMessage } from "./plain-message.ts";
import { isRheaDelivery, type RheaLink } from "./rhea-names.ts";

// Not imported: docs/decisions/0054.
const { isDeepStrictEqual } = process.getBuiltinModule("node:util");

/** A message that came in one piece and needs a settlement. */
export interface PlainTransfer {
  readonly id: number;
  readonly tag: Buffer;
  readonly message: PlainMessage;
}

export interface TransferEvents {
  arrived(context: RawContext): void;
  /** True if somebody waits here for its settlement, and nobody in the SDK. */
  isAwaited(delivery: RawDelivery): boolean;
  settled(delivery: RawDelivery): void;
}

/** rhea's counts of a link and its session, as numbers that change by one with each transfer. */
function countsOf({ credit, delivery_count: count, session: { incoming } }: RheaLink): readonly number[] {
  const { next_transfer_id: transfers, next_delivery_id: deliveries = 0 } = incoming;
  return [-credit, count, transfers, deliveries, incoming.deliveries.size];
}

/**
 * Does for the transfers of one link what rhea does: counts each at link and session, keeps it until it is
 * settled, and hands it over. First it looks at one transfer that rhea takes itself. If rhea counts, keeps or
 * reads it differently, all are left to rhea.
 */
export class TransferTaker {
  readonly #link: RheaLink;
  readonly #events: TransferEvents;
  #kind: DeliveryKind | undefined;
  #expected: { readonly transfer: PlainTransfer; readonly before: readonly number[] } | undefined;
  isOff = false;

  constructor(link: RheaLink, events: TransferEvents) {
    this.#link = link;
    this.#events = events;
  }

  /**
   * @param transfer undefined if it is not plain
   * @returns false if rhea takes it
   */
  take(transfer: PlainTransfer | undefined): boolean {
    this.#expected = undefined;
    if (transfer === undefined || this.isOff || !this.#isInTurn(transfer)) return false;
    if (this.#kind === undefined) {
      this.#expected = { transfer, before: countsOf(this.#link) };
      return false;
    }
    const { id, tag, message } = transfer;
    const delivery = new LeanDelivery(id, tag, this.#link, this.#kind);
    const { incoming } = this.#link.session;
    incoming.next_transfer_id += 1;
    incoming.next_delivery_id = id + 1;
    incoming.deliveries.push(delivery);
    this.#link.credit -= 1;
    this.#link.delivery_count += 1;
    this.#events.arrived({ message: message as unknown as RawContext["message"], delivery });
    return true;
  }

  /** Compares what rhea made of a transfer. */
  prove({ message, delivery }: RawContext): void {
    const expected = this.#expected;
    this.#expected = undefined;
    if (expected === undefined || this.isOff || this.#kind !== undefined) return;
    const { transfer, before } = expected;
    const after = countsOf(this.#link);
    const isAlike =
      isRheaDelivery(delivery) &&
      delivery.link === this.#link &&
      // Nothing in rhea accepts it by itself, or grants credit for it.
      this.#link.observers.listenerCount("message") === 0 &&
      this.#link.session.incoming.deliveries.get_tail() === delivery &&
      after.every((count, index) => count - (before[index] ?? 0) === 1) &&
      isDeepStrictEqual([delivery.id, delivery.tag, delivery.format], [transfer.id, transfer.tag, 0]) &&
      // Null if the service leaves it out.
      !delivery.remote_settled &&
      transfer.message.isLike(message as unknown as Record<string, unknown>);
    if (isAlike) this.#kind = new DeliveryKind(delivery);
    else this.isOff = true;
  }

  isAwaited(delivery: LeanDelivery): boolean {
    return !delivery.remote_settled && this.#events.isAwaited(delivery);
  }

  /** Called when the service has settled it as it was asked to. */
  accepted(delivery: LeanDelivery): void {
    delivery.remote_settled = true;
    // rhea keeps it until both sides have settled it; its own listeners of this event settle this side.
    this.#link.observers.emit("settled", { delivery });
    this.#events.settled(delivery);
  }

  /** If not, rhea says what is wrong. */
  #isInTurn({ id }: PlainTransfer): boolean {
    const { incoming } = this.#link.session;
    return (
      this.#link._incomplete === undefined &&
      this.#link.credit > 0 &&
      incoming.next_delivery_id === id &&
      incoming.window > 0 &&
      this.#link.is_remote_open()
    );
  }
}
