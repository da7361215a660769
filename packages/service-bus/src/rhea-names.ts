import type { EventEmitter } from "node:events";

/** rhea's own names (3.0.5), as far as they take part in counting a transfer. */
export interface RheaLink {
  readonly name: string;
  readonly session: RheaSession;
  readonly connection: RheaConnection;
  readonly local: { readonly attach: { readonly rcv_settle_mode?: unknown } };
  /** rhea's own listeners of an event; they run before all others. */
  readonly observers: EventEmitter;
  readonly _incomplete?: unknown;
  credit: number;
  delivery_count: number;
  is_remote_open(): boolean;
}

export interface RheaSession {
  readonly incoming: RheaIncoming;
  readonly remote: { readonly handles: Readonly<Record<number, RheaLink | undefined>> };
}

interface RheaIncoming {
  readonly window: number;
  readonly deliveries: RheaDeliveries;
  next_transfer_id: number;
  next_delivery_id: number | undefined;
  /** Writes a disposition at the end of the turn. */
  update(delivery: object, settled: boolean, state: unknown): void;
}

interface RheaDeliveries {
  readonly size: number;
  push(delivery: object): void;
  by_id(id: number): unknown;
  get_tail(): unknown;
}

export interface RheaConnection {
  readonly amqp_transport: object;
  readonly socket?: { cork?(): void; uncork?(): void } | undefined;
  /** Sessions by channel. */
  readonly remote_channel_map: Readonly<Record<number, RheaSession | undefined>>;
  /** Writes what is pending at the end of the turn. */
  _register(): void;
}

export interface RheaDelivery {
  readonly id: number;
  readonly tag: unknown;
  readonly format: unknown;
  readonly link: RheaLink;
  readonly remote_settled: boolean;
  update(settled: boolean | undefined, state: unknown): void;
  accept(): void;
  release(parameters?: object): void;
  reject(error?: object): void;
  modified(parameters: object): void;
}

/** True if all of these names are there. */
export function isRheaDelivery(value: unknown): value is RheaDelivery {
  const { link, update, accept, release, reject, modified } = (value ?? {}) as Partial<RheaDelivery>;
  const { incoming, remote } = (link?.session ?? {}) as Partial<RheaSession>;
  const { deliveries } = (incoming ?? {}) as Partial<RheaIncoming>;
  const {
    amqp_transport: transport,
    remote_channel_map: channels,
    _register: register,
  } = (link?.connection ?? {}) as Partial<RheaConnection>;
  const methods = [update, accept, release, reject, modified, link?.is_remote_open, incoming?.update];
  const { emit, listenerCount } = (link?.observers ?? {}) as Partial<EventEmitter>;
  const others = [emit, listenerCount, deliveries?.push, deliveries?.by_id, deliveries?.get_tail, register];
  const numbers = [
    link?.credit,
    link?.delivery_count,
    incoming?.window,
    incoming?.next_transfer_id,
    incoming?.next_delivery_id,
    deliveries?.size,
  ];
  return (
    [...methods, ...others].every((each) => typeof each === "function") &&
    numbers.every((each) => Number.isSafeInteger(each)) &&
    [remote?.handles, transport, channels, link?.local.attach].every((each) => typeof each === "object")
  );
}
