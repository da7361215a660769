import type { RawDelivery } from "./lean-message.ts";
import type { RheaDelivery, RheaLink } from "./rhea-names.ts";

/**
 * What rhea's deliveries of one link have in common. For each delivery rhea makes six functions and deletes a
 * property again, which costs more than the whole object here.
 */
export class DeliveryKind {
  readonly #model: RheaDelivery;
  readonly #accepted: unknown;
  readonly #isSettledFirst: boolean;

  /** @param model one of rhea's own deliveries */
  constructor(model: RheaDelivery) {
    this.#model = model;
    this.#isSettledFirst = model.link.local.attach.rcv_settle_mode !== 1;
    let accepted: unknown;
    const update = (_settled: unknown, state: unknown): void => {
      accepted = state;
    };
    model.accept.call({ ...model, update });
    this.#accepted = accepted;
  }

  update(delivery: LeanDelivery, settled: boolean | undefined, state: unknown): void {
    delivery.link.session.incoming.update(delivery, settled ?? this.#isSettledFirst, state);
  }

  accept(delivery: LeanDelivery): void {
    this.update(delivery, undefined, this.#accepted);
  }

  /** Uses rhea's own method. */
  settle(
    delivery: LeanDelivery,
    how: "release" | "reject" | "modified",
    parameters: object | undefined,
  ): void {
    this.#model[how].call(delivery, parameters as object);
  }
}

/** A delivery with every member that rhea's session, rhea's links and the SDK read. */
export class LeanDelivery implements RawDelivery {
  readonly id: number;
  readonly tag: Buffer;
  readonly link: RheaLink;
  readonly format = 0;
  settled = false;
  state: unknown = undefined;
  remote_settled = false;
  remote_state: RawDelivery["remote_state"] = undefined;
  readonly incomplete = false;
  readonly #kind: DeliveryKind;

  constructor(id: number, tag: Buffer, link: RheaLink, kind: DeliveryKind) {
    this.id = id;
    this.tag = tag;
    this.link = link;
    this.#kind = kind;
  }

  update(settled: boolean | undefined, state: unknown): void {
    this.#kind.update(this, settled, state);
  }

  accept(): void {
    this.#kind.accept(this);
  }

  release(parameters?: object): void {
    this.#kind.settle(this, "release", parameters);
  }

  reject(error?: object): void {
    this.#kind.settle(this, "reject", error);
  }

  modified(parameters?: object): void {
    this.#kind.settle(this, "modified", parameters);
  }
}
