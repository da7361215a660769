import {
  boolean,
  composite,
  map,
  NULL,
  optional,
  string,
  symbol,
  ubyte,
  uint,
  ulong,
  ushort,
  type AmqpValue,
} from "./amqp-value.ts";
import { FRAME, MAX_UINT, type AmqpError } from "./performatives.ts";

/*
 * The frames that we write. They contain all fields, absent ones as null, because one client reads
 * frames by position and fails on short lists (azure-servicebus 7.15 for Python).
 */

export interface OpenReply {
  readonly containerId: string;
  readonly hostname: string;
  readonly maxFrameSize: number;
  readonly channelMax: number;
  readonly idleMs: number;
}

export function openFrame({ containerId, hostname, maxFrameSize, channelMax, idleMs }: OpenReply): AmqpValue {
  return composite(BigInt(FRAME.open), [
    string(containerId),
    string(hostname),
    uint(maxFrameSize),
    ushort(channelMax),
    uint(idleMs),
    ...nulls(5),
  ]);
}

export function beginFrame(remoteChannel: number, window: number): AmqpValue {
  return composite(BigInt(FRAME.begin), [
    ushort(remoteChannel),
    uint(0),
    uint(window),
    uint(MAX_UINT),
    uint(MAX_UINT),
    ...nulls(3),
  ]);
}

export interface AttachReply {
  readonly name: string;
  readonly handle: number;
  /** True if we are the receiver. */
  readonly isReceiver: boolean;
  readonly senderSettleMode: number;
  readonly receiverSettleMode: number;
  readonly source: AmqpValue;
  readonly target: AmqpValue;
  readonly maxMessageSize?: number | undefined;
  readonly properties?: AmqpValue | undefined;
}

export function attachFrame(reply: AttachReply): AmqpValue {
  return composite(BigInt(FRAME.attach), [
    string(reply.name),
    uint(reply.handle),
    boolean(reply.isReceiver),
    ubyte(reply.senderSettleMode),
    ubyte(reply.receiverSettleMode),
    reply.source,
    reply.target,
    NULL,
    NULL,
    // A sender must give the start of its count, a receiver must not.
    reply.isReceiver ? NULL : uint(0),
    optional(reply.maxMessageSize, (bytes) => ulong(BigInt(bytes))),
    NULL,
    NULL,
    reply.properties ?? NULL,
  ]);
}

export interface FlowReply {
  readonly nextIncomingId: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly link?: {
    readonly handle: number;
    readonly deliveryCount: number;
    readonly credit: number;
    readonly isDrain: boolean;
  };
}

export function flowFrame({ nextIncomingId, incomingWindow, nextOutgoingId, link }: FlowReply): AmqpValue {
  return composite(BigInt(FRAME.flow), [
    uint(nextIncomingId),
    uint(incomingWindow),
    uint(nextOutgoingId),
    uint(MAX_UINT),
    ...(link === undefined
      ? nulls(5)
      : [uint(link.handle), uint(link.deliveryCount), uint(link.credit), NULL, boolean(link.isDrain)]),
    boolean(false),
    NULL,
  ]);
}

export interface TransferStart {
  readonly handle: number;
  readonly deliveryId: number;
  readonly deliveryTag: AmqpValue;
  readonly isSettled: boolean;
  readonly hasMore: boolean;
}

export function transferFrame(start: TransferStart): AmqpValue {
  return composite(BigInt(FRAME.transfer), [
    uint(start.handle),
    uint(start.deliveryId),
    start.deliveryTag,
    uint(0),
    boolean(start.isSettled),
    boolean(start.hasMore),
    ...nulls(5),
  ]);
}

export function dispositionFrame(
  isReceiver: boolean,
  first: number,
  last: number,
  state: AmqpValue,
): AmqpValue {
  return composite(BigInt(FRAME.disposition), [
    boolean(isReceiver),
    uint(first),
    uint(last),
    boolean(true),
    state,
    NULL,
  ]);
}

export function detachFrame(handle: number, isClosed: boolean, error?: AmqpError): AmqpValue {
  return composite(BigInt(FRAME.detach), [uint(handle), boolean(isClosed), optional(error, errorValue)]);
}

export function endFrame(error?: AmqpError): AmqpValue {
  return composite(BigInt(FRAME.end), [optional(error, errorValue)]);
}

export function closeFrame(error?: AmqpError): AmqpValue {
  return composite(BigInt(FRAME.close), [optional(error, errorValue)]);
}

/** Always writes three fields, the last an empty map, because uamqp reads a shorter error as none. */
export function errorValue({ condition, description }: AmqpError): AmqpValue {
  return composite(0x1dn, [symbol(condition), string(description), map([])]);
}

const nulls = (count: number): readonly AmqpValue[] => Array.from({ length: count }, () => NULL);
